// The eight ways a camera can be held, as EXIF and TIFF number them.
#pragma once

#include <vips/vips8>

namespace acuity::codec {

/// The picture upright. Numbers outside 2 to 8 change nothing.
vips::VImage upright(const vips::VImage& image, int orientation);

/// Whether width and height swap.
constexpr bool liesOnItsSide(int orientation) {
    return orientation >= 5 && orientation <= 8;
}

}  // namespace acuity::codec
