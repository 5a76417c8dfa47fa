// Everything that a picture shows about itself, as numbers and as sentences.
#pragma once

#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "codec/picture.h"
#include "diagnose/content.h"
#include "diagnose/damage.h"
#include "diagnose/reduction.h"
#include "diagnose/shrunk_jpeg.h"
#include "pipeline/session.h"

namespace acuity::pipeline {

struct Diagnosis {
    int jpegQuality = 0;  // as the file's own table says; 0: no JPEG file
    diagnose::Damage damage;
    diagnose::Reduction reduction;
    /// The same of what it was before it was enlarged, where it looks so.
    std::optional<diagnose::Damage> damageBefore;
    /// One that was made smaller since, where nothing else explains such lines.
    diagnose::ShrunkJpeg shrunkJpeg;
    double textShare = 0;  // of the area
    diagnose::Content content;
    double banding = 0;  // share of the area
};

/// Of the first frame, which must be in random access. Pictures of linear light show nothing: all
/// is unknown.
Diagnosis diagnosisOf(const codec::Picture& picture, Session& session);

/// Prepares the networks for it, on a thread of its own, while the picture is decoded. To be kept
/// until the diagnosis is done: its end waits for the thread. Errors come again in diagnosisOf().
[[nodiscard]] std::future<void> preparing(const codec::Picture& picture, Session& session);

/// What a plan goes by, all of it measured. `history` is what an earlier run wrote into the
/// picture, or nothing.
plan::Evidence evidenceOf(const codec::Picture& picture, const codec::Provenance* history,
                          const Diagnosis& diagnosis);

/// A line for each subject, for people.
std::vector<std::string> sentences(const Diagnosis& diagnosis);

/// The main things in one line.
std::string inWords(const Diagnosis& diagnosis);

/// For programs (docs/diagnosis.md).
nlohmann::json toJson(const Diagnosis& diagnosis);
/// Parts of it.
nlohmann::json toJson(const diagnose::Damage& damage);
nlohmann::json toJson(const diagnose::Reduction& reduction);

/// Colour of a frame without its transparency.
vips::VImage colourOf(const codec::Picture& picture, std::size_t frame);

}  // namespace acuity::pipeline
