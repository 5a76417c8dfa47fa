// Files that come in: looked at before anything else learns of them.
#pragma once

#include "server/gallery.h"
#include "server/store.h"

namespace acuity::server {

class Intake {
  public:
    /// `diskBudget` in bytes; pictures of at most so many pixels are taken.
    Intake(Store& store, Gallery& gallery, std::uint64_t diskBudget, double mostPixels)
        : store_(store), gallery_(gallery), diskBudget_(diskBudget), mostPixels_(mostPixels) {}

    /// Throws HttpError(507) when so many bytes more exceed what the server may store.
    void checkRoom(std::uint64_t bytes) const;

    /// Takes the file at `path`, which its owner calls `name`, into the store: moved away from
    /// there. Throws Error(input) when it is no picture, or a damaged one.
    PictureEntry take(const std::string& path, const std::string& name);

  private:
    Store& store_;
    Gallery& gallery_;
    const std::uint64_t diskBudget_;
    const double mostPixels_;
};

/// A file name without folders and control characters, of at most 200 bytes.
std::string tidyName(const std::string& name);

}  // namespace acuity::server
