// Any model file, whatever its kind, as a network that maps RGB to RGB.
#pragma once

#include <string>

#include "architectures/network.h"
#include "engine/engine.h"

namespace acuity::model {

/// ".pth" of "NET.PTH".
std::string endingOf(const std::string& file);

/// Whether a name given with -m means a file: it has a folder, or ends like a model file.
bool namesFile(const std::string& name);

/// Reads and arranges it; the kind is told by the content. `fileName` is what it was called where
/// it came from. What foreign ONNX does not say of itself is measured with `engine`; without one
/// its scale and reach are 0. Throws Error(model) with a sentence about the file, not naming it.
architectures::Network readNetwork(const std::string& path, const architectures::Options& options,
                                   const std::string& fileName, engine::Engine* engine);

}  // namespace acuity::model
