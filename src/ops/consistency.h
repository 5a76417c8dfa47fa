// Consistency: what an enlarged picture says, shrunk again as the small one was made, must be what
// the small one said.
#pragma once

#include <optional>
#include <vector>
#include <vips/vips8>

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

/// Rows of the inverse of D U for one axis, as far as they matter: what input samples weigh in the
/// correction of each. D U is nearly a filter, but differs with the place where the factor is not
/// whole, and at the ends of the line.
struct Inverse {
    static constexpr int kReach = 12;
    static constexpr int kTaps = 2 * kReach + 1;
    std::vector<float> weights;  // [sample][kTaps]; the first tap is sample - kReach

    Inverse(int small, int large, Kernel reduction);
    const float* at(int i) const { return &weights[std::size_t(i) * kTaps]; }
};

}  // namespace acuity::ops
