// SHA-256, by which weights are known.
#pragma once

#include <string>
#include <string_view>

namespace acuity {

/// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace acuity
