// What an ONNX file says of itself, or shows when it is run.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/model.h"

namespace acuity::model {

/// The value under `key` in the file's metadata_props. Reads bounds first; nothing on damage.
std::optional<std::string> onnxMetadata(std::string_view onnx, std::string_view key);

/// Scale and receptive field of an RGB network, found by running it: the field is the reach of a
/// change in one pixel. Throws Error(model) when it does not fit or reaches too far to be tiled.
Facts measureFacts(const std::string& onnx, engine::Engine& engine);

}  // namespace acuity::model
