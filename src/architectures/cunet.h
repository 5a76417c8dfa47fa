// The two U-Nets in a row that waifu2x's CUNet and Real-CUGAN share. Their convolutions add no
// border, so that a picture shrinks on its way through.
#pragma once

#include <string>

#include "architectures/families.h"

namespace acuity::architectures {

/// Real-CUGAN of factor 2 has the very tensors of CUNet: "kind" in the options, else the file's
/// name, tells them apart.
bool isRealCugan(const Source& source);

Network buildRealCugan(const Source& source);

/// unet1 on `x`, which it enlarges; sides get smaller by 16 before that.
Value firstUnet(Graph& graph, const State& state, const Value& x);

/// `x` less 20 on each side, plus unet2's correction; the network's inner features are scaled by
/// `alpha`. Sides of x must be multiples of 4.
Value corrected(Graph& graph, const State& state, const Value& x, float alpha);

/// Channels of the U-Nets in words.
std::string cunetDetails(const State& state);

}  // namespace acuity::architectures
