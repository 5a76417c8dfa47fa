#include "codec/colour.h"

#include "base/error.h"

namespace acuity::codec {
namespace {

using vips::VImage;

bool iccIs(const std::string& icc, const char* space) {
    return icc.size() >= 128 && icc.compare(16, 4, space) == 0;
}

double topOf(const VImage& image) {
    return image.format() == VIPS_FORMAT_UCHAR    ? 255
           : image.format() == VIPS_FORMAT_USHORT ? 65535
                                                  : 1;
}

VImage as(const VImage& image, VipsInterpretation meaning) {
    return image.copy(VImage::option()->set("interpretation", meaning));
}

VipsInterpretation meaningOf(const VImage& image) {
    const bool grey = image.bands() < 3;
    if (image.format() == VIPS_FORMAT_UCHAR)
        return grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (image.format() == VIPS_FORMAT_USHORT)
        return grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
    return grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_scRGB;
}

// The formats that flow on: uchar, ushort, float.
VImage withKnownFormat(const VImage& image, std::vector<std::string>& notes,
                       const std::string& shown) {
    switch (image.format()) {
        case VIPS_FORMAT_UCHAR:
        case VIPS_FORMAT_USHORT:
        case VIPS_FORMAT_FLOAT:
            return image;
        case VIPS_FORMAT_DOUBLE:
            return image.cast(VIPS_FORMAT_FLOAT);
        case VIPS_FORMAT_UINT:
            notes.push_back("its 32-bit integers were reduced to 16 bits");
            return image.linear(65535.0 / 4294967295.0, 0).rint().cast(VIPS_FORMAT_USHORT);
        default:
            throw Error(Kind::input, shown +
                                         " holds signed or complex numbers, which are no "
                                         "colours; convert it to 16-bit or float TIFF");
    }
}

// Splits off the bands that mean colour; the alpha band, where there is one, comes back apart.
struct Split {
    VImage colour;
    std::optional<VImage> alpha;
};

Split split(const VImage& image, int colours, const PixelFacts& facts,
            std::vector<std::string>& notes) {
    Split parts{image.bands() == colours
                    ? image
                    : image.extract_band(0, VImage::option()->set("n", colours)),
                std::nullopt};
    const int extra = image.bands() - colours;
    if (extra == 0) return parts;
    const bool hasAlpha = !facts.noAlpha;
    const int band = facts.alphaBand.value_or(colours);
    if (hasAlpha && band < image.bands()) parts.alpha = image.extract_band(band);
    const int dropped = extra - (parts.alpha ? 1 : 0);
    if (dropped > 0)
        notes.push_back(std::to_string(dropped) +
                        (dropped == 1 ? " extra channel was" : " extra channels were") +
                        " dropped");
    return parts;
}

VImage divided(const VImage& colour, const VImage& alpha, double top) {
    const VImage opacity = alpha.cast(VIPS_FORMAT_FLOAT) / top;
    const VImage plain = (alpha > 0).ifthenelse(colour / opacity, colour);
    if (colour.format() == VIPS_FORMAT_FLOAT) return plain.cast(VIPS_FORMAT_FLOAT);
    return plain.rint().cast(colour.format());
}

VImage stretched(const VImage& image, double white, double top) {
    const VImage scaled = image.linear(top / white, 0);
    if (image.format() == VIPS_FORMAT_FLOAT) return scaled;
    return scaled.rint().cast(image.format());
}

VImage fromCmyk(const VImage& colour, std::string& icc, std::vector<std::string>& notes,
                const std::string& shown) {
    if (!iccIs(icc, "CMYK"))
        throw Error(Kind::input,
                    shown +
                        " is CMYK without a colour profile, so its colours are not known; "
                        "convert it to RGB in the program it comes from");
    const bool deep = colour.format() == VIPS_FORMAT_USHORT;
    const VImage rgb = colour.icc_transform("srgb", VImage::option()
                                                        ->set("embedded", TRUE)
                                                        ->set("depth", deep ? 16 : 8)
                                                        ->set("intent", VIPS_INTENT_RELATIVE)
                                                        ->set("black_point_compensation", TRUE));
    icc.clear();
    notes.push_back("CMYK was converted to sRGB through its colour profile");
    return rgb;
}

VImage fromLab(const VImage& colour, std::string& icc, std::vector<std::string>& notes) {
    icc.clear();
    notes.push_back("Lab colours were converted to 16-bit sRGB");
    return colour.colourspace(VIPS_INTERPRETATION_RGB16);
}

int coloursOf(const VImage& image) {
    switch (image.interpretation()) {
        case VIPS_INTERPRETATION_CMYK:
            return 4;
        case VIPS_INTERPRETATION_B_W:
        case VIPS_INTERPRETATION_GREY16:
            return 1;
        default:
            return image.bands() < 3 ? 1 : 3;
    }
}

}  // namespace

Normal normalise(VImage image, const PixelFacts& facts, std::string& icc,
                 std::vector<std::string>& notes, const std::string& shown) {
    if (image.coding() == VIPS_CODING_LABQ) image = image.LabQ2LabS();
    if (image.coding() != VIPS_CODING_NONE)
        throw Error(Kind::input, shown + " holds packed pixels of a kind that is not read");
    const auto meaning = image.interpretation();
    const bool lab = meaning == VIPS_INTERPRETATION_LAB || meaning == VIPS_INTERPRETATION_LABS;
    if (!lab) image = withKnownFormat(image, notes, shown);
    Split parts = split(image, coloursOf(image), facts, notes);
    if (parts.colour.bands() == 4 && meaning == VIPS_INTERPRETATION_CMYK)
        parts.colour = fromCmyk(parts.colour, icc, notes, shown);
    else if (lab)
        parts.colour = fromLab(parts.colour, icc, notes);
    else if (meaning == VIPS_INTERPRETATION_XYZ || meaning == VIPS_INTERPRETATION_YXY)
        parts.colour = parts.colour.colourspace(VIPS_INTERPRETATION_scRGB);

    const double top = topOf(parts.colour);
    if (facts.white > 0 && facts.white != top)
        parts.colour = stretched(parts.colour, facts.white, top);
    if (parts.alpha) {
        double alphaTop = facts.alphaTop > 0 ? facts.alphaTop : facts.white;
        if (lab) alphaTop = meaning == VIPS_INTERPRETATION_LABS ? 32767 : 255;
        if (alphaTop <= 0) alphaTop = topOf(*parts.alpha);
        VImage alpha = *parts.alpha;
        if (alphaTop != top) alpha = alpha.linear(top / alphaTop, 0);
        if (top > 1) alpha = alpha.rint();
        alpha = alpha.cast(parts.colour.format());
        if (facts.premultiplied) parts.colour = divided(parts.colour, alpha, top);
        parts.colour = parts.colour.bandjoin(alpha);
    }
    const bool grey = parts.colour.bands() < 3;
    if (!icc.empty() && !iccIs(icc, grey ? "GRAY" : "RGB ")) {
        notes.push_back("its colour profile does not fit its pixels and was ignored");
        icc.clear();
    }
    return {as(parts.colour, meaningOf(parts.colour)), parts.colour.format() == VIPS_FORMAT_FLOAT};
}

}  // namespace acuity::codec
