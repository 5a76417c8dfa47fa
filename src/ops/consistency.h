// Consistency: what an enlarged picture says, shrunk again as the small one was made, must be what
// the small one said.
#pragma once

#include <optional>
#include <vips/vips8>

#include "ops/band.h"
#include "ops/kernels.h"
#include "ops/tile_grid.h"

namespace acuity::ops {

/// Moves a result `y` towards those that `reduction` shrinks to the input `x`:
/// y + strength * U (D U)^-1 (x - D y), where D shrinks from y's size to x's and U is the bicubic
/// enlargement back. Any factors of at least 1. Both images have 1 or 3 bands of the same type
/// (uchar, ushort, float); y may be lazy: it is asked for twice, once with the rows around. With a
/// `part`, the result is right there and nowhere else, and no more than it needs is computed.
vips::VImage bound(const vips::VImage& y, const vips::VImage& x, Kernel reduction, float strength,
                   const std::optional<Rect>& part = {});

/// The part of y that `part` of the bound result is made of; `large` and `small` are all of y and
/// x.
Rect boundOf(const Rect& part, const Rect& large, const Rect& small, Kernel reduction);

/// D U of one axis: how much of sample j is in sample i after enlarging and shrinking. Its inverse
/// differs with the place where the factor is not whole, and at the ends of the line.
Band shrunkAgain(int small, int large, Kernel reduction);

}  // namespace acuity::ops
