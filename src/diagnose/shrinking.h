// What shrinking a picture takes away of it: detail and noise together. Where the noise is known,
// the two can be told apart.
#pragma once

#include <vector>

#include "diagnose/pieces.h"

namespace acuity::diagnose {

struct Shrinking {
    double ratio = 1;  // share of the sides that is kept
    double lost = 0;  // mean square of what shrinking and enlarging again changes in luma, levels^2
    double noise = 0;  // share of white noise that it takes away, 0 to 1

    /// Expected fall of the mean squared error to the picture without its noise of `sigma` levels,
    /// by Stein's unbiased estimate of risk (Ann. Stat. 9, 1981): 2 sigma^2 noise - lost.
    double gain(double sigma) const { return 2 * sigma * sigma * noise - lost; }
};

/// For ratios from 0.85 down to 0.6. Reduced by bicubic, enlarged by Lanczos.
std::vector<Shrinking> shrinkingsOf(const std::vector<Piece>& pieces);

}  // namespace acuity::diagnose
