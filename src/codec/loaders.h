// One libvips loader for one format, with the header checked before any pixel is decoded.
#pragma once

#include <vips/vips8>

#include "codec/load.h"
#include "codec/source.h"

namespace acuity::codec {

/// What stands in the file, before anything is interpreted: all frames below one another.
struct Roll {
    vips::VImage image;
    int frames = 1;
    int firstPage = 0;
};

/// Opens in order, or for random access. Throws Error(input).
Roll openRoll(const Source& source, Format format, const LoadOptions& options, bool random,
              std::vector<std::string>& notes);

/// Throws Error(input) when a decoder that needs the whole picture would exceed options.memory.
void checkDecoderMemory(const Source& source, Format format, const vips::VImage& image, int frames,
                        const LoadOptions& options);

/// Throws Error(input) when `kind`, decoded as a whole, takes more than options.memory.
void checkWhole(const Source& source, const std::string& kind, double bytes,
                const LoadOptions& options);

/// Throws Error(input) when the declared pixels exceed options.maxPixels.
void checkPixels(const Source& source, double width, double height, double frames,
                 const LoadOptions& options);

/// Error(input): the file is damaged, with libvips' reason.
[[noreturn]] void throwDamaged(const Source& source, bool salvage);

}  // namespace acuity::codec
