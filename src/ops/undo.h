// The picture that an interpolation enlarged, from the enlarged one.
#pragma once

#include <vips/vips8>

#include "ops/kernels.h"

namespace acuity::ops {

/// Lazily finds the picture of width x height that, enlarged by `kernel` (as Axis does, taps beyond
/// the borders cut) to the size of `enlarged`, comes closest to it: least squares, (U^T U)^-1 U^T
/// in each direction. What was rounded, compressed or made noisy after it was enlarged is evened
/// out over the pixels that came from one. 1 or 3 bands (uchar, ushort, float), no side larger than
/// before; sides that stay keep their lines.
vips::VImage undone(const vips::VImage& enlarged, int width, int height, Kernel kernel);

/// Weights of that for a line of `large` samples that had `small`.
Axis undoing(int large, int small, Kernel kernel);

}  // namespace acuity::ops
