// What libvips says went wrong, as one short line.
#pragma once

#include <string>

namespace acuity::codec {

/// Takes the text out of libvips' error buffer (shared by all threads) and leaves the buffer empty:
/// the first line that says something, without operation names and control characters.
std::string takeVipsText();

/// Empties the buffer before an operation, so that older trouble is not reported as its own.
void forgetVipsText();

}  // namespace acuity::codec
