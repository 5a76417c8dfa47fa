// Which kernel made this picture small?
#pragma once

#include <array>
#include <optional>
#include <vips/vips8>

#include "diagnose/network.h"
#include "ops/kernels.h"

namespace acuity::diagnose {

struct Reduction {
    /// The likeliest of the kernels; nothing when the picture looks as no reduction left it (a
    /// camera's, blurred, enlarged), or is too small or too plain to tell.
    std::optional<ops::Kernel> kernel;
    double confidence = 0;               // 0 to 1, of `kernel`, or of there being none
    std::array<double, 7> likelihood{};  // of ops::kReductions in their order, and of none; sum 1
};

/// The kernel to assume when a result is bound to the picture: not always the likeliest, as a wrong
/// one costs far more with some than with others. Nothing when no binding is worth its risk.
std::optional<ops::Kernel> worthAssuming(const Reduction& found);

/// Below this a side says too little.
constexpr int kLeastSide = 64;

/// Gets the network ready for a picture of this size.
void prepareReduction(int width, int height, Network& network);

/// `colour`: 1 or 3 bands, encoded (not linear), in random access; alpha apart.
/// The network looks at up to 8 pieces of 128 pixels, those with most detail among many.
Reduction reductionOf(const vips::VImage& colour, Network& network);

}  // namespace acuity::diagnose
