#include "codec/encode.h"

#include <algorithm>

#include "base/error.h"

namespace acuity::codec {
namespace {

using vips::VImage;
using vips::VOption;
using vips::VTarget;

// --effort 1 to 9 on the encoder's own scale, or its default.
int effortOn(const SaveOptions& options, int lowest, int highest, int otherwise) {
    if (options.effort <= 0) return otherwise;
    return lowest + (std::min(options.effort, 9) - 1) * (highest - lowest) / 8;
}

void jpeg(const VImage& image, const SaveOptions& options, VTarget& target) {
    const int quality = qualityFor(Format::jpeg, options);
    image.jpegsave_target(
        target, VImage::option()
                    ->set("Q", quality)
                    ->set("subsample_mode",
                          quality >= 90 ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON)
                    ->set("optimize_coding", options.effort >= 5)
                    ->set("strip", TRUE));
}

void png(const VImage& image, const SaveOptions& options, VTarget& target) {
    image.pngsave_target(target,
                         VImage::option()
                             ->set("compression", effortOn(options, 1, 9, 6))
                             ->set("filter", VIPS_FOREIGN_PNG_FILTER_SUB)
                             ->set("bitdepth", image.format() == VIPS_FORMAT_UCHAR ? 8 : 16));
}

void webp(const VImage& image, int pageHeight, const SaveOptions& options, VTarget& target) {
    image.webpsave_target(target, VImage::option()
                                      ->set("Q", qualityFor(Format::webp, options))
                                      ->set("lossless", options.lossless)
                                      ->set("smart_subsample", TRUE)
                                      ->set("effort", effortOn(options, 0, 6, 4))
                                      ->set("page_height", pageHeight)
                                      ->set("strip", TRUE));
}

void tiff(const VImage& image, int pageHeight, const SaveOptions& options, VTarget& target) {
    const bool real = image.format() == VIPS_FORMAT_FLOAT;
    const double bytes = static_cast<double>(VIPS_IMAGE_SIZEOF_IMAGE(image.get_image()));
    const bool zip = options.effort >= 5;
    image.tiffsave_target(target,
                          VImage::option()
                              ->set("compression", zip ? VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE
                                                       : VIPS_FOREIGN_TIFF_COMPRESSION_LZW)
                              ->set("predictor", real ? VIPS_FOREIGN_TIFF_PREDICTOR_FLOAT
                                                      : VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL)
                              ->set("bigtiff", bytes > 3.9e9)  // compressed noise can grow
                              ->set("resunit", VIPS_FOREIGN_TIFF_RESUNIT_INCH)
                              ->set("page_height", pageHeight));
}

void avif(const VImage& image, const SaveOptions& options, VTarget& target) {
    const int quality = qualityFor(Format::avif, options);
    const bool full = options.lossless || quality >= 85;
    image.heifsave_target(
        target,
        VImage::option()
            ->set("compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1)
            ->set("Q", quality)
            ->set("lossless", options.lossless)
            ->set("bitdepth", image.format() == VIPS_FORMAT_UCHAR ? 8 : 12)
            ->set("effort", effortOn(options, 0, 9, 3))
            ->set("subsample_mode", full ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON));
}

void jxl(const VImage& image, const SaveOptions& options, VTarget& target) {
    image.jxlsave_target(target, VImage::option()
                                     ->set("Q", qualityFor(Format::jxl, options))
                                     ->set("lossless", options.lossless)
                                     ->set("effort", effortOn(options, 3, 9, 5)));
}

void gif(const VImage& image, int pageHeight, const SaveOptions& options, VTarget& target) {
    image.gifsave_target(target, VImage::option()
                                     ->set("effort", effortOn(options, 1, 10, 7))
                                     ->set("page_height", pageHeight));
}

}  // namespace

int qualityFor(Format format, const SaveOptions& options) {
    if (options.quality > 0) return std::min(options.quality, 100);
    switch (format) {
        case Format::jpeg:
            return 93;
        case Format::avif:
            return 75;
        default:
            return 90;
    }
}

void encode(const VImage& image, const Picture& picture, Format format, const SaveOptions& options,
            VTarget& target) {
    const int pageHeight = picture.height();
    switch (format) {
        case Format::jpeg:
            return jpeg(image, options, target);
        case Format::png:
            return png(image, options, target);
        case Format::webp:
            return webp(image, pageHeight, options, target);
        case Format::tiff:
            return tiff(image, pageHeight, options, target);
        case Format::avif:
            return avif(image, options, target);
        case Format::jxl:
            return jxl(image, options, target);
        case Format::gif:
            return gif(image, pageHeight, options, target);
        case Format::ppm:
            return image.ppmsave_target(
                target,
                VImage::option()->set("format", image.bands() == 1 ? VIPS_FOREIGN_PPM_FORMAT_PGM
                                                                   : VIPS_FOREIGN_PPM_FORMAT_PPM));
        default:
            throw Error(Kind::internal, "no encoder for this format");
    }
}

}  // namespace acuity::codec
