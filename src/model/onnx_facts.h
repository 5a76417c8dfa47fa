// What an ONNX file says of itself, or shows when it is run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "architectures/network.h"
#include "model/model.h"

namespace acuity::model {

/// The value under `key` in the file's metadata_props. Reads bounds first; nothing on damage.
std::optional<std::string> onnxMetadata(std::string_view onnx, std::string_view key);

/// Overwrites an initialiser that holds just so many floats. False, and nothing done, when there is
/// none of that name and size.
bool replaceOnnxFloats(std::string& onnx, std::string_view name, const std::vector<float>& values);

/// The receptive field that is taken where measuring finds none that ends: what networks of long
/// reach still see beyond it changes little.
constexpr int kUsualHalo = 32;

/// Fills in what a normalised file does not say: scale, reach, alignment, and whether the declared
/// size is the only one (fixedHeight and fixedWidth become 0 when it is not). A reach that is
/// already known is kept. Throws Error(model) when it is no upscaler.
void measure(architectures::Network& network, engine::Engine& engine);

/// The options (range, mean, std and so on) with which the network would give the picture that it
/// gets, only larger; empty for the usual 0-1 and where nothing fits clearly. For a network that
/// was normalised without such options and measured. Flat greys and a ramp are run in each range.
architectures::Options measureRange(const architectures::Network& network, engine::Engine& engine);

}  // namespace acuity::model
