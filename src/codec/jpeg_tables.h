// How strongly a JPEG was compressed, as its own quantisation table says.
#pragma once

#include <string>

namespace acuity::codec {

/// The quality (1 to 100) at which the usual table of ITU-T T.81 comes nearest to the file's first
/// one; 0 where no table is found before the pixels. Bounded reads of a stranger's file.
int jpegQuality(const std::string& path);

}  // namespace acuity::codec
