// A JPEG that was made smaller afterwards, as most pictures on the web were. Its blocks are no
// longer 8 pixels wide but their edges still come at equal distances, and so do the lines in the
// spectrum of how much the picture bends (diagnose/profile).
#pragma once

#include <vips/vips8>

#include "diagnose/estimate.h"

namespace acuity::diagnose {

struct ShrunkJpeg {
    /// Of its width and height since then: 0.45 to 0.97 is looked for.
    double scale = 1;
    /// By how many deviations its lines stand out among those of all scales, and the sum of the
    /// logarithms of their powers over the root of their count: mostly up to 4 and 3 in pictures
    /// that never were JPEGs.
    double clear = 0, power = 0;
    /// Logarithms of the first two lines' amplitudes; and the profile's mean.
    double first = 0, second = 0, activity = 0;

    bool found() const;
    Estimate quality() const;  // 1 to 100
};

/// `colour`: 1 or 3 bands, encoded (not linear), in random access, 96 pixels or more a side;
/// without blocks of 8 pixels, which would be taken for larger ones made smaller.
ShrunkJpeg shrunkJpegOf(const vips::VImage& colour);

}  // namespace acuity::diagnose
