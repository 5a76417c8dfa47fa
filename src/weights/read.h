// Reads weight files; the kind is told by the content, never by the name.
#pragma once

#include <string>

#include "weights/tensor.h"

namespace acuity::weights {

/// Named tensors of a safetensors or PyTorch file. Memory-mapped: tensors are read when they are
/// used. Throws Error(model) with a sentence naming what is wrong (not the file).
Weights read(const std::string& path);

/// The same from bytes in memory, for which `bytes` must outlive the result.
Weights parse(std::string_view bytes);

/// Safetensors: a length, a JSON header, and the tensors' bytes. Whether it begins like that.
bool isSafetensors(std::string_view bytes);
/// Throws Error(model) when the header is cut off or no list of tensors, when a name comes twice,
/// and when tensors overlap or lie outside of the file.
Weights parseSafetensors(std::string_view bytes);

}  // namespace acuity::weights
