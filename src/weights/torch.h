// PyTorch's files: which of a checkpoint's objects are the weights, and these as named tensors.
#pragma once

#include <string_view>

#include "weights/tensor.h"

namespace acuity::weights {

/// Whether it is a zip archive, a pickle, or a tar archive: all that PyTorch has saved as.
bool isTorch(std::string_view bytes);

/// The state dict of a file, unwrapped from what training stores around it: of the entries
/// "model_state_dict", "state_dict", "params_ema", "params-ema", "params", "model" and "net" the
/// first that holds tensors, then the only one that does. Dicts of tensors within are flattened
/// with dots. Nothing is executed; what is not a tensor is passed over. `bytes` must outlive the
/// result. Throws Error(model) when there are no tensors (naming what is there instead), or when
/// one of them is made by a function that Acuity does not know.
Weights parseTorch(std::string_view bytes);

}  // namespace acuity::weights
