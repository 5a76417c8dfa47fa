// SHA-256 of files, as cards and catalogues state it: 64 lower-case hexadecimal digits.
#pragma once

#include <string>

namespace acuity::model {

/// Read piece by piece. Throws Error(input) when the file cannot be read.
std::string sha256OfFile(const std::string& path);

/// Whether a text has the form of a checksum.
bool isSha256(const std::string& text);

}  // namespace acuity::model
