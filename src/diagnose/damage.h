// What a picture has suffered: softness, motion, noise, JPEG, a former enlargement.
#pragma once

#include <vips/vips8>

#include "diagnose/edges.h"
#include "diagnose/enlargement.h"
#include "diagnose/estimate.h"
#include "diagnose/network.h"
#include "diagnose/shrinking.h"

namespace acuity::diagnose {

/// Of the camera, or of what it looks at, while it was exposed: points are lines.
struct Motion {
    Estimate length;   // pixels; 0: none is seen
    double angle = 0;  // degrees counterclockwise from the horizontal, 0 to 180
};

struct Damage {
    bool known = false;  // false: too small or too even to tell, and all else is 0
    /// 0 to 1: share of the pixels across that would hold all its detail; of what moved, detail
    /// across the motion.
    Estimate resolution;
    Estimate lumaNoise, chromaNoise;  // standard deviation in 8-bit levels
    Estimate jpegQuality;             // 1 to 100, of what `compressed` is about
    double compressed = 0;            // likelihood that a JPEG lies in its past
    Motion motion;
    double enlarged = 0;                // likelihood that it was enlarged by interpolation
    double enlargedBySpectra = 0;       // the same as the network sees it, without `former`
    Enlargement former;                 // how, if it was
    std::vector<Shrinking> shrinkings;  // none where there is hardly any noise
    int gridLeft = 0, gridTop = 0;      // where JPEG's grid of 8x8 begins, if it is seen
    Edges edges;

    /// Standard deviation in pixels of the Gaussian blur that leaves as little detail; 0 when
    /// nothing is lost.
    Estimate blur() const;
};

/// Gets the network ready for a picture of this size.
void prepareDamage(int width, int height, Network& network);

/// `colour`: 1 or 3 bands, encoded (not linear), in random access; alpha apart. The network looks
/// at up to 12 pieces of 192 pixels.
Damage damageOf(const vips::VImage& colour, Network& network);

/// The same of what it was before the enlargement that `damage` found; of that one, no former one
/// is looked for.
Damage damageBefore(const vips::VImage& colour, const Damage& damage, Network& network);

}  // namespace acuity::diagnose
