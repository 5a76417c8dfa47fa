// Weights of an ONNX file that lie in files beside it.
#pragma once

#include <string>
#include <string_view>

namespace acuity::architectures::onnx {

/// Whether any tensor of the file says that its bytes lie elsewhere.
bool hasExternalData(std::string_view bytes);

/// The same file with these bytes inside. Only plain files in `folder` and folders below it are
/// read, whatever links say. Throws Error(model) when one is missing, too short, or elsewhere, and
/// when all together come to more than 2 GB.
std::string withExternalData(std::string_view bytes, const std::string& folder);

}  // namespace acuity::architectures::onnx
