// Pieces of a picture that are looked at in place of all of it.
#pragma once

#include <vector>
#include <vips/vips8>

#include "ops/tile_grid.h"

namespace acuity::diagnose {

struct Piece {
    ops::Rect place;
    double detail = 0;          // mean difference of neighbours in green, 0 to 1
    std::vector<float> planes;  // RGB 0 to 1, [3][height][width]
};

Piece pieceOf(const vips::VImage& colour, const ops::Rect& place);

/// Its luma in levels of 255, [height][width].
std::vector<float> lumaOf(const Piece& piece);

/// Squares of `side` (or the picture's own sides, where those are less), about `most` of them,
/// evenly spread, whose left and top are `left` and `top` beyond multiples of `grid`.
std::vector<Piece> pieces(const vips::VImage& colour, int side, int most, int grid = 1,
                          int left = 0, int top = 0);

}  // namespace acuity::diagnose
