// Picture to file: what the format can hold, encoder options, metadata, atomic writes.
#pragma once

#include <functional>
#include <optional>

#include "base/cancel.h"
#include "codec/picture.h"

namespace acuity::codec {

struct SaveOptions {
    int quality = 0;                    // 1-100; 0 is the format's good default
    bool lossless = false;              // WebP, AVIF, JXL
    int effort = 0;                     // 1-9; 0 is the format's default
    int depth = 0;                      // 8, 16; 0 keeps the picture's
    unsigned background = 0xffffff;     // RRGGBB under transparency where alpha cannot be held
    double dpiX = 0, dpiY = 0;          // to write; 0 writes none
    bool keepMetadata = true;           // else only the ICC profile stays, since colours need it
    std::uint64_t memory = 1ull << 30;  // bound for encoders that need the whole picture
    double share = 1;                   // of --memory that this is
    const Cancel* cancel = nullptr;
    std::function<void(double)> progress;  // 0 to 1, from any thread
};

/// Sentences about what `format` cannot hold of `picture` (alpha, depth, frames, metadata), and
/// checks that need no pixels: side limits, disk space, memory bound of whole-picture encoders.
/// Throws Error(output) when it cannot be written at all.
std::vector<std::string> checkSave(const Picture& picture, Format format, const std::string& path,
                                   const SaveOptions& options);

/// Evaluates the picture and writes it beside `path`, then renames; "-" is standard output.
/// Metadata is corrected: dimensions, orientation 1, no thumbnail, DPI as in the options.
/// Throws Error(output), or the error of the pipeline that computes the pixels.
void save(const Picture& picture, Format format, const std::string& path,
          const SaveOptions& options);

}  // namespace acuity::codec
