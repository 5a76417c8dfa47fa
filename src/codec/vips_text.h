// What libvips says went wrong, as one short line.
#pragma once

#include <string>

namespace acuity::codec {

/// Takes the text out of libvips' error buffer (shared by all threads) and leaves the buffer empty:
/// the first line that says something, without operation names and control characters.
std::string takeVipsText();

/// Around one piece of work: empties the buffer first, so that older trouble is not reported as its
/// own, unless other work is under way, whose trouble it may be.
class FreshVipsText {
  public:
    FreshVipsText();
    ~FreshVipsText();
    FreshVipsText(const FreshVipsText&) = delete;
    FreshVipsText& operator=(const FreshVipsText&) = delete;
};

}  // namespace acuity::codec
