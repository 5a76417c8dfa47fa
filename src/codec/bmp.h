// A small reader of BMP files: 1, 4, 8, 16, 24 and 32 bits, uncompressed or with bit fields.
#pragma once

#include <vips/vips8>

#include "codec/source.h"

namespace acuity::codec {

struct BmpFacts {
    std::uint32_t width = 0, height = 0, bits = 0;
    bool topDown = false, bitFields = false, core = false;
    std::uint32_t headerSize = 0, pixelOffset = 0, colours = 0;
    double dpiX = 0, dpiY = 0;
    std::uint32_t masks[4] = {0, 0, 0, 0};  // red, green, blue, alpha
};

/// The header. Throws Error(input) where it is damaged or of a kind that is not read.
BmpFacts readBmpHeader(const Source& source);

/// The pixels: one band where the palette is grey, else RGB, RGBA where an alpha mask is declared.
vips::VImage readBmp(const Source& source, const BmpFacts& facts, bool salvage);

}  // namespace acuity::codec
