// How far a picture lies outside what an interpolation can have made of fewer samples.
#pragma once

#include <vector>

#include "diagnose/pieces.h"
#include "ops/kernels.h"

namespace acuity::diagnose {

/// Parallel lines through a piece, at the same places of the whole line, condensed to as many lines
/// as they have samples, which have the same covariance. In levels of 255.
struct Strip {
    int at = 0, length = 0;     // of the first sample in the whole line
    std::vector<float> values;  // [length][length], by sample: line r starts at sample r
    double energy = 0;          // sum of their squares
};

/// All rows of a piece, or columns, in strips of about 96 samples. Lines with samples that were cut
/// off at black or white are left out, since no space holds those.
std::vector<Strip> stripsOf(const Piece& piece, bool alongRows);

/// What lies outside the space of lines that `kernel` enlarged from `source` samples to `target`:
/// its mean square per line and dimension, by least squares.
double outside(const Strip& strip, ops::Kernel kernel, int source, int target);

}  // namespace acuity::diagnose
