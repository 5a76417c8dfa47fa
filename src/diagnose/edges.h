// What strong edges and their surroundings tell: halos of sharpening, and whether all around them
// is exactly even. Also how much of a picture is clipped to black or white.
#pragma once

#include <vector>

#include "diagnose/pieces.h"

namespace acuity::diagnose {

struct Edges {
    /// JPEG leaves ripples beside strong edges and noise leaves noise; in a clean drawing it is of
    /// exactly one colour there.
    bool even = false;
    /// Median overshoot beside strong edges between even parts, as a share of their height; 0 where
    /// there are too few of them to tell.
    double halo = 0;
    int haloEdges = 0;  // it was measured at
    int rise = 0;       // their median width in pixels, 1 where neighbours differ; 0: unknown
    double black = 0, white = 0;  // share of pixels with all colours at the end of the range
};

Edges edgesOf(const std::vector<Piece>& pieces);

}  // namespace acuity::diagnose
