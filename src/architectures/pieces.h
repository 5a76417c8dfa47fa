// Pieces that several families are made of.
#pragma once

#include "architectures/families.h"

namespace acuity::architectures {

/// The convolution whose "weight" and, where there is one, "bias" lie under this name.
Value conv(Graph& graph, const State& state, const Value& x, const std::string& name,
           Convolution how = {});

/// A pixel shuffle that leaves three channels. Throws Error(model) when none does.
Value shuffledToRgb(Graph& graph, const Value& x);

/// Enhanced spatial attention (RFDN, RLFN): x, weighted by a mask that is found on a coarse grid.
/// The grid is laid over the whole input, so that tiles differ a little from the whole:
/// Network::global. Inputs must be 15 pixels wide and high at least.
Value spatialAttention(Graph& graph, const State& state, const Value& x, const std::string& name);

/// What such an attention asks of tiles: they are to start where the whole's grid has a step, and
/// to see as far as matters. In theory each attention reaches 33 pixels further, 200 in all; with
/// the authors' weights, tiles with a halo of 30 differ from the whole by 1.3 of 255 at most, 0.04
/// in the mean.
void laidOverGrid(Network& network);

/// The factor where the weights do not tell it: from --model-option scale or the file's name.
/// Throws Error(usage) when neither says.
int scaleOf(const Source& source);

/// One of a few words from the options, the first of them where nothing is said. Throws
/// Error(usage) when it is another.
std::string choice(const Options& options, const std::string& name,
                   const std::vector<std::string>& words);

/// The largest value that a network knows, 1 or 255: what its authors used, or --model-option
/// range.
float rangeOf(const Source& source, int otherwise);

/// What a network for 1 or 3 channels is fed with: Y or RGB. Throws Error(model) for other counts.
Value seen(Graph& graph, int channels, Luma range);

/// RGB again from what such a network put out.
Value shown(Graph& graph, const Value& y, Luma range);

/// --model-option luma=full or studio, or what the family's authors used.
Luma lumaOf(const Source& source, Luma otherwise);

}  // namespace acuity::architectures
