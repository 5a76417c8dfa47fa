#include "ops/alpha.h"

#include "ops/resample.h"

namespace acuity::ops {

using vips::VImage;

VImage fillTransparent(const VImage& colour, const VImage& alpha) {
    // Normalised blurs of growing reach: the mean of the visible neighbours, weighted by opacity.
    // Each fills what the one before could not reach.
    const double sigmas[] = {1.0, 4.0, 16.0};
    constexpr double reached = 1e-4;  // share of opacity in a neighbourhood that counts as seen
    const double white = alpha.format() == VIPS_FORMAT_UCHAR    ? 255
                         : alpha.format() == VIPS_FORMAT_USHORT ? 65535
                                                                : 1;
    const VImage opacity = alpha.cast(VIPS_FORMAT_FLOAT) / white;
    const VImage weighted = colour.cast(VIPS_FORMAT_FLOAT) * opacity;
    VImage filled = colour.cast(VIPS_FORMAT_FLOAT);
    VImage missing = opacity == 0;
    for (const double sigma : sigmas) {
        const auto blur = [&](const VImage& image) {
            return image.gaussblur(
                sigma,
                VImage::option()->set("precision", VIPS_PRECISION_FLOAT)->set("min_ampl", 0.01));
        };
        const VImage seen = blur(opacity);
        const VImage here = missing & (seen > reached);
        filled = here.ifthenelse(blur(weighted) / seen, filled);
        missing = missing & (seen <= reached);
    }
    return (colour.format() == VIPS_FORMAT_FLOAT ? filled : filled.rint()).cast(colour.format());
}

VImage withinNeighbours(const VImage& enlarged, const VImage& alpha) {
    constexpr int kSide = 3;
    const auto bound = [&](int rank) {
        // Embedded first: libvips has no window larger than the picture.
        const int width = alpha.width(), height = alpha.height();
        const VImage small = alpha
                                 .embed(1, 1, width + 2, height + 2,
                                        VImage::option()->set("extend", VIPS_EXTEND_COPY))
                                 .rank(kSide, kSide, rank)
                                 .crop(1, 1, width, height);
        return resample(small, enlarged.width(), enlarged.height(), Kernel::nearest);
    };
    const VImage least = bound(0), greatest = bound(kSide * kSide - 1);
    const VImage above = (enlarged < least).ifthenelse(least, enlarged);
    return (above > greatest).ifthenelse(greatest, above);
}

}  // namespace acuity::ops
