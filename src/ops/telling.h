// Where pictures of one thing differ most, so that a person need not search.
#pragma once

#include <vector>
#include <vips/vips8>

#include "ops/tile_grid.h"

namespace acuity::ops {

/// Up to `count` places of width x height (or the pictures' own, where that is less), hardly
/// overlapping, the most telling first. Pictures of one size, uchar, 1 or 3 bands, in random
/// access; at least one. Where they are all alike the places are in the middle.
std::vector<Rect> tellingPlaces(const std::vector<vips::VImage>& pictures, int width, int height,
                                int count);

}  // namespace acuity::ops
