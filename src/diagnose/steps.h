// What a reduction leaves of sharp edges between even parts, as drawings and lettering have them:
// the kernel's own step response, sampled where the edge happens to lie.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "diagnose/pieces.h"
#include "ops/kernels.h"

namespace acuity::diagnose {

/// Root of the mean squared distance between such edges and what each of ops::kReductions would
/// have left of them, as a share of their height. Nothing where there are too few, or where none
/// of the kernels explains them.
std::optional<std::array<double, std::size(ops::kReductions)>> stepsOf(
    const std::vector<Piece>& pieces);

}  // namespace acuity::diagnose
