#include "ops/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "ops/resample.h"

namespace acuity::ops {

using vips::VImage;

namespace {

/// RGB in 8 bits; grey counts as RGB of three equal bands, as the published tables have it.
VImage plain(VImage image) {
    if (image.format() == VIPS_FORMAT_USHORT) {
        image = (image / 257.0).rint();
    } else if (image.format() == VIPS_FORMAT_FLOAT) {
        image = (image * 255.0).rint();
    }
    image = image.cast(VIPS_FORMAT_UCHAR);
    if (image.bands() < 3) return image[0].bandjoin(image[0]).bandjoin(image[0]);
    return image.extract_band(0, VImage::option()->set("n", 3));
}

VImage luma(const VImage& image) {
    const VImage mix = image.cast(VIPS_FORMAT_DOUBLE) *
                       std::vector<double>{65.481 / 255, 128.553 / 255, 24.966 / 255};
    return mix[0] + mix[1] + mix[2] + 16;
}

double psnr(const VImage& a, const VImage& b) {
    const VImage difference = a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE);
    const double error = (difference * difference).avg();
    return error <= 0 ? kIdentical : std::min(kIdentical, 10 * std::log10(255 * 255 / error));
}

/// Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004.
double ssim(const VImage& a, const VImage& b) {
    constexpr int side = 11;
    constexpr double sigma = 1.5, c1 = 6.5025, c2 = 58.5225;
    if (a.width() < side || a.height() < side) return std::nan("");
    std::vector<double> line(side);
    double sum = 0;
    for (int i = 0; i < side; i++)
        sum += line[i] = std::exp(-(i - side / 2) * (i - side / 2) / (2 * sigma * sigma));
    for (double& v : line) v /= sum;
    const VImage window = VImage::new_matrix(side, 1, line.data(), side);
    const auto mean = [&](const VImage& image) {
        return image.convsep(window, VImage::option()->set("precision", VIPS_PRECISION_FLOAT));
    };
    const VImage ma = mean(a), mb = mean(b);
    const VImage va = mean(a * a) - ma * ma, vb = mean(b * b) - mb * mb,
                 vab = mean(a * b) - ma * mb;
    const VImage map =
        ((ma * mb * 2 + c1) * (vab * 2 + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    const int r = side / 2;
    return map.crop(r, r, a.width() - side + 1, a.height() - side + 1).avg();
}

}  // namespace

Scores score(VImage sr, VImage hr, int scale, int crop) {
    const int width = std::min(sr.width(), hr.width()), height = std::min(sr.height(), hr.height());
    const auto sides = [](const VImage& i) {
        return std::to_string(i.width()) + "x" + std::to_string(i.height());
    };
    if (std::abs(sr.width() - hr.width()) > scale || std::abs(sr.height() - hr.height()) > scale)
        throw Error(Kind::usage, "the pictures have different sizes, " + sides(sr) + " and " +
                                     sides(hr) + "; they must show the same");
    if (width <= 2 * crop || height <= 2 * crop)
        throw Error(Kind::usage, "nothing is left of the picture after cropping the border");
    sr = plain(sr).crop(0, 0, width, height);
    hr = plain(hr).crop(0, 0, width, height);
    const auto inner = [&](const VImage& i) {
        return luma(i).crop(crop, crop, width - 2 * crop, height - 2 * crop);
    };
    Scores scores;
    scores.psnr = psnr(inner(sr), inner(hr));
    scores.ssim = ssim(inner(sr), inner(hr));
    const int w = std::max(1, width / scale), h = std::max(1, height / scale);
    const auto reduced = [&](const VImage& i) {
        return resample(i.crop(0, 0, w * scale <= width ? w * scale : width,
                               h * scale <= height ? h * scale : height),
                        w, h, Kernel::bicubic);
    };
    scores.lrPsnr = psnr(reduced(sr), reduced(hr));
    return scores;
}

}  // namespace acuity::ops
