// SHA-256, by which weights are known.
#pragma once

#include <string>
#include <string_view>

namespace acuity {

/// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

/// The same of a file, read piece by piece. Throws Error(input) when it cannot be read.
std::string sha256OfFile(const std::string& path);

}  // namespace acuity
