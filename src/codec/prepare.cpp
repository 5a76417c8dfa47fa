#include "codec/prepare.h"

#include "codec/formats.h"

namespace acuity::codec {
namespace {

using vips::VImage;

double top(int depth) {
    return depth == 8 ? 255 : depth == 16 ? 65535 : 1;
}

int depthOf(const VImage& image) {
    const auto format = image.format();
    return format == VIPS_FORMAT_UCHAR ? 8 : format == VIPS_FORMAT_USHORT ? 16 : 32;
}

// The curve of sRGB, from light to code, both 0 to 1.
VImage encoded(const VImage& light) {
    const VImage inside = (light < 0).ifthenelse(0, (light > 1).ifthenelse(1, light));
    const VImage curve = inside.pow(1 / 2.4).linear(1.055, -0.055);
    return (inside <= 0.0031308).ifthenelse(inside * 12.92, curve).cast(VIPS_FORMAT_FLOAT);
}

VImage withoutAlpha(const VImage& image) {
    return image.extract_band(0, VImage::option()->set("n", image.bands() - 1));
}

VImage linearToEncoded(const VImage& image) {
    const bool alpha = image.bands() % 2 == 0;
    if (!alpha) return encoded(image);
    return encoded(withoutAlpha(image)).bandjoin(image.extract_band(image.bands() - 1));
}

VImage toDepth(const VImage& image, int depth) {
    const int from = depthOf(image);
    if (from == depth) return image;
    const VImage scaled = image.linear(top(depth) / top(from), 0);
    if (depth == 32) return scaled.cast(VIPS_FORMAT_FLOAT);
    return scaled.rint().cast(depth == 8 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT);
}

VImage withMeaning(const VImage& image) {
    const bool grey = image.bands() < 3;
    const auto format = image.format();
    const auto meaning = format == VIPS_FORMAT_FLOAT
                             ? (grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_scRGB)
                         : format == VIPS_FORMAT_USHORT
                             ? (grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16)
                             : (grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
    return image.copy(VImage::option()->set("interpretation", meaning));
}

// Laid over the background, weighted by the opacity.
VImage flattened(VImage image, unsigned background) {
    const double scale = top(depthOf(image)) / 255;
    std::vector<double> colour = {(background >> 16 & 255) * scale, (background >> 8 & 255) * scale,
                                  (background & 255) * scale};
    const bool greyGround = colour[0] == colour[1] && colour[1] == colour[2];
    if (image.bands() == 2 && greyGround) {
        colour.resize(1);
    } else if (image.bands() == 2) {
        const VImage grey = image.extract_band(0);
        image = grey.bandjoin(grey).bandjoin(grey).bandjoin(image.extract_band(1));
    }
    return image.flatten(
        VImage::option()->set("background", colour)->set("max_alpha", top(depthOf(image))));
}

VImage toSrgb(const VImage& image, const std::string& icc) {
    const bool alpha = image.bands() % 2 == 0;
    VImage colour = alpha ? withoutAlpha(image) : image;
    colour = withMeaning(colour).copy();
    colour.set(VIPS_META_ICC_NAME, nullptr, const_cast<char*>(icc.data()), icc.size());
    VImage converted =
        colour.icc_transform("srgb", VImage::option()
                                         ->set("embedded", TRUE)
                                         ->set("depth", depthOf(image) == 16 ? 16 : 8)
                                         ->set("intent", VIPS_INTENT_RELATIVE));
    converted = converted.copy();
    converted.remove(VIPS_META_ICC_NAME);
    return alpha ? converted.bandjoin(image.extract_band(image.bands() - 1)) : converted;
}

VImage one(const VImage& frame, const Picture& picture, Format format, const SaveOptions& options) {
    const int depth = depthFor(picture, format, options);
    VImage image = frame;
    if (picture.linear && depth != 32) image = linearToEncoded(image);
    if (!picture.linear && leavesProfile(picture, format, options))
        image = toSrgb(toDepth(image, depth), picture.metadata.icc);
    image = toDepth(image, depth);
    if (picture.alpha() && !facts(format).alpha) image = flattened(image, options.background);
    return withMeaning(image);
}

}  // namespace

int depthFor(const Picture& picture, Format format, const SaveOptions& options) {
    const int wanted = options.depth ? options.depth : picture.depth();
    if (wanted == 32 && format == Format::tiff) return 32;
    if (wanted <= 8 || !facts(format).deep) return 8;
    return 16;
}

VImage flattened(const Picture& picture, const VImage& part) {
    Picture one = picture;
    one.frames = {part};
    SaveOptions eight;
    eight.depth = 8;
    return prepared(one, Format::jpeg, eight);
}

bool leavesProfile(const Picture& picture, Format format, const SaveOptions& options) {
    if (picture.metadata.icc.empty()) return false;
    if (picture.linear && depthFor(picture, format, options) != 32) return true;
    // These hold colour only, which a profile of greys does not fit.
    const bool coloured = format == Format::webp || format == Format::avif;
    if (coloured && picture.frames.front().bands() < 3) return true;
    return format == Format::gif || format == Format::dz || format == Format::ppm;
}

vips::VImage prepared(const Picture& picture, Format format, const SaveOptions& options) {
    std::vector<VImage> frames;
    const std::size_t count = facts(format).frames ? picture.frames.size() : 1;
    for (std::size_t i = 0; i < count; ++i)
        frames.push_back(one(picture.frames[i], picture, format, options));
    VImage roll = frames.size() == 1
                      ? frames.front().copy()
                      : VImage::arrayjoin(frames, VImage::option()->set("across", 1));
    return withMeaning(roll);
}

}  // namespace acuity::codec
