// First bytes of a file -> what it is. Implements formatOfBytes and refusal of formats.h.
#pragma once

#include <cstddef>

namespace acuity::codec {

/// As many first bytes as sniffing wants to see; fewer are fine where the file is shorter.
constexpr std::size_t kHeadSize = 4096;

}  // namespace acuity::codec
