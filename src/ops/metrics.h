// How near two pictures are, as the super-resolution field defines it.
//
// All measures compare 8-bit luma (BT.601 studio range, 16-235) of RGB pictures; a grey picture
// counts as RGB of three equal bands, so that its luma has that range too.
#pragma once

#include <vips/vips8>

namespace acuity::ops {

struct Scores {
    double psnr = 0;    // dB, Y channel
    double ssim = 0;    // -1 to 1, Y channel, Gaussian window of 11 with sigma 1.5
    double lrPsnr = 0;  // dB between both pictures reduced by `scale` with antialiased bicubic, RGB
};

/// Infinite PSNR is returned as this.
constexpr double kIdentical = 100;

/// `crop` pixels are cut from each border first (not for lrPsnr). The larger picture is cropped at
/// the bottom and right when sides differ by no more than `scale`. Throws Error(usage) otherwise.
Scores score(vips::VImage sr, vips::VImage hr, int scale, int crop);

}  // namespace acuity::ops
