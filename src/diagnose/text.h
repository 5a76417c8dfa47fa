// Where is lettering?
#pragma once

#include <vips/vips8>

#include "diagnose/network.h"

namespace acuity::diagnose {

struct Text {
    /// Where lettering is: 255 there, 0 elsewhere, soft between; 8 bits, one band, one pixel for
    /// 4x4 of the picture (the last ones may reach beyond it). Nothing when there is none.
    vips::VImage mask;
    double share = 0;  // of the picture's area
    bool found() const { return share > 0; }
};

/// Pixels of the picture, per axis, for one of the mask.
constexpr int kTextCell = 4;

/// Gets the network ready for a picture of this size.
void prepareText(int width, int height, Network& network, bool atOnce = false);

/// `colour`: 1 or 3 bands, encoded, in random access. Letters of 6 to about 140 pixels are found;
/// larger ones come to no harm. `atOnce`: up to a megapixel in one piece, twice as fast, for some
/// 100 MB more.
Text textIn(const vips::VImage& colour, Network& network, bool atOnce = false);

}  // namespace acuity::diagnose
