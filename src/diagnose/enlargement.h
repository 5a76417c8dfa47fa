// A former enlargement by interpolation: which kernel, and from what size.
//
// What an interpolation makes lies in a space of fewer dimensions than it has pixels: of a picture
// enlarged to twice its width, every row is a combination of half as many samples. How far the
// picture lies outside the space of each kernel and size is measured exactly, by least squares;
// at the right size that distance drops.
#pragma once

#include <vips/vips8>

#include "diagnose/rhythm.h"
#include "ops/kernels.h"

namespace acuity::diagnose {

struct Enlargement {
    int width = 0, height = 0;  // before it
    ops::Kernel kernel = ops::Kernel::bicubic;
    Rhythm rhythm;
    /// Logarithms of how much less lies outside its space than outside those of sizes near by, for
    /// rows and columns; and the mean square of what lies outside, in levels of 255.
    double dropAcross = 0, dropDown = 0, outside = 0;
    /// By how many standard deviations of what sizes near by leave outside this one leaves less: up
    /// to 4 by chance. Noise that is younger makes all drops small, but leaves them as clear.
    double clearAcross = 0, clearDown = 0;

    double share = 1;  // of the width that was there before

    /// That there was one; `spectra` is the likelihood by the picture's spectra alone, `compressed`
    /// that it has been a JPEG.
    double likelihood(double spectra, double compressed) const;
};

/// The likeliest one of a picture that is likely (`compressed`, 0 to 1) to have been a JPEG.
/// `colour`: 1 or 3 bands, encoded (not linear), in random access, 96 pixels or more a side.
Enlargement enlargementOf(const vips::VImage& colour, double compressed);

}  // namespace acuity::diagnose
