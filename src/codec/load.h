// File to Picture: sniffing, limits, decoding, orientation, colour model.
#pragma once

#include "base/cancel.h"
#include "codec/picture.h"

namespace acuity::codec {

/// Starts libvips once for the process and closes its doors to loaders that are not on our list.
void startVips();

struct LoadOptions {
    double maxPixels = 1e9;             // of all frames together, as declared by the header
    std::uint64_t memory = 1ull << 30;  // bytes; larger decoded pictures go to a temporary file
    double share = 1;                   // of --memory that this is
    int page = -1;                      // 0-based, or -1 for all
    bool salvage = false;               // take what a damaged file still gives
    bool samples = false;               // only few parts will be read: see decode()
    const Cancel* cancel = nullptr;
};

/// Reads the header only: sizes, bands, depth, frames and metadata are final (upright, palette and
/// CMYK resolved), pixels are decoded lazily and in order. `path` may be "-" for standard input.
/// Throws Error(input) with a sentence naming the file and the remedy.
Picture open(const std::string& path, const LoadOptions& options);

/// Decodes the pixels to random access, in memory or, above options.memory, in a temporary file.
/// With options.samples (for open(), too) TIFFs of tiles, and unpacked ones, stay as they are and
/// are read where they are looked at, so that their damage shows only there. Throws Error(input)
/// for damaged files unless options.salvage.
void decode(Picture& picture, const std::string& path, const LoadOptions& options);

/// A copy of `image` in random access: in memory, or in a temporary file where it is larger than
/// `memory`. Throws vips::VError, or Error(cancelled).
vips::VImage settled(const vips::VImage& image, std::uint64_t memory, const Cancel* cancel);

}  // namespace acuity::codec
