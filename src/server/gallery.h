// Pictures that are open: decoded once, seen by many requests, closed when others need the room.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "codec/picture.h"
#include "codec/provenance.h"
#include "pipeline/diagnosis.h"

namespace acuity::server {

/// What the server made itself is not bounded by what may come in.
constexpr double kOfOurOwn = 1e18;

/// A picture in random access.
struct Opened {
    std::string path;
    codec::Picture picture;
    std::optional<codec::Provenance> history;
    std::mutex measuring;
    std::optional<pipeline::Diagnosis> diagnosis;  // once it was measured
    std::mutex shrinking;
    std::optional<codec::Picture> overview;  // first frame, an eighth of its size

    double pixels() const { return double(picture.width()) * picture.height(); }
};

class Gallery {
  public:
    static constexpr int kTile = 512;

    explicit Gallery(const pipeline::Options& options);

    /// Decodes a file of the server's, unless it is open already. Throws Error(input) that calls it
    /// `name`.
    /// At most so many pixels.
    std::shared_ptr<Opened> open(const std::string& path, const std::string& name, double most);
    /// Forgets it: the file is removed or replaced.
    void close(const std::string& path);

    /// What it shows about itself, measured once.
    static pipeline::Diagnosis diagnosis(Opened& opened, pipeline::Session& session);
    /// A Deep Zoom tile as PNG: level 0 is one pixel, no overlap. Throws HttpError(404) where there
    /// is none.
    static std::string tile(Opened& opened, int level, int column, int row);
    /// At most 320 pixels wide and high, as PNG.
    static std::string thumbnail(Opened& opened);

  private:
    const std::uint64_t memory_;
    std::mutex mutex_, decoding_;
    std::list<std::shared_ptr<Opened>> open_;  // latest use first
};

/// A part of a picture as browsers show it: 8 bits, sRGB.
vips::VImage shown(const codec::Picture& picture, const vips::VImage& part);
std::string png(const vips::VImage& image);

}  // namespace acuity::server
