// Consistency: what an enlarged picture says, shrunk again as the small one was made, must be what
// the small one said.
#pragma once

#include <vips/vips8>

#include "ops/kernels.h"

namespace acuity::ops {

/// Moves a result `y` towards those that `reduction` shrinks to the input `x`:
/// y + strength * U (D U)^-1 (x - D y), where D shrinks from y's size to x's and U is the bicubic
/// enlargement back. Any factors of at least 1. Both images have 1 or 3 bands of the same type
/// (uchar, ushort, float); y may be lazy: it is asked for twice, once with the rows around.
vips::VImage bound(const vips::VImage& y, const vips::VImage& x, Kernel reduction, float strength);

/// The inverse of D U on a long line of samples `ratio` times reduced: values at 0, 1, 2... input
/// samples of a symmetric filter. D U depends on the place where the ratio is not whole; its mean
/// is inverted.
std::vector<float> inverseFilter(double ratio, Kernel reduction);

}  // namespace acuity::ops
