#include "codec/load.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/error.h"
#include "codec/colour.h"
#include "codec/exif.h"
#include "codec/formats.h"
#include "codec/frames.h"
#include "codec/jpeg_tables.h"
#include "codec/loaders.h"
#include "codec/metadata_read.h"
#include "codec/orientation.h"
#include "codec/source.h"
#include "codec/tiff_file.h"
#include "codec/vips_text.h"
#include "codec/watch.h"

namespace acuity::codec {
namespace {

using vips::VImage;

Format sniffed(const Source& source) {
    const std::string refused = refusal(source.head);
    if (!refused.empty()) throw Error(Kind::input, source.shown + ": " + refused);
    if (const auto format = formatOfBytes(source.head)) return *format;
    throw Error(Kind::input, source.shown +
                                 " is no picture that Acuity reads (JPEG, PNG, WebP, TIFF, "
                                 "AVIF, HEIC, JPEG XL, GIF, BMP, PPM or EXR)");
}

/// Full white of a PPM or PGM as its header says, 0 where it says none: libvips takes it for 255 or
/// 65535.
int whiteOfPpm(const std::string& head) {
    const bool coded = head.size() > 2 && head[0] == 'P' && std::strchr("2356", head[1]);
    std::size_t at = 2;
    int value = 0;
    for (int number = 0; coded && number < 3; number++) {  // width, height, white
        for (; at < head.size() && (std::isspace((unsigned char)head[at]) || head[at] == '#'); at++)
            if (head[at] == '#') at = std::min(head.find('\n', at), head.size() - 1);
        value = 0;
        for (; at < head.size() && std::isdigit((unsigned char)head[at]); at++)
            value = std::min(10 * value + (head[at] - '0'), 1 << 20);
    }
    return value <= 65535 ? value : 0;
}

PixelFacts pixelFacts(const Source& source, Format format, const VImage& image, int page) {
    PixelFacts facts;
    if (format == Format::ppm && image.format() != VIPS_FORMAT_FLOAT)
        facts.white = whiteOfPpm(source.head);
    const bool deep = image.format() == VIPS_FORMAT_USHORT;
    if ((format == Format::avif || format == Format::heic) && deep) {
        // libvips shifts 10 and 12 bits up to 16: white is not quite 65535.
        const int bits =
            image.get_typeof("heif-bitdepth") == G_TYPE_INT ? image.get_int("heif-bitdepth") : 16;
        if (bits > 8 && bits < 16) facts.white = ((1 << bits) - 1) << (16 - bits);
    }
    if (format == Format::exr) {
        facts.alphaTop = 255;
        facts.premultiplied = true;  // by its specification; libvips divides TIFF's only
    }
    if (format == Format::tiff) {
        const TiffPixelFacts tiff = tiffPixelFacts(source.path, page);
        const int colours = tiff.samples - static_cast<int>(tiff.extraSamples.size());
        facts.noAlpha = true;
        for (std::size_t i = 0; i < tiff.extraSamples.size() && facts.noAlpha; ++i)
            if (tiff.extraSamples[i] == 1 || tiff.extraSamples[i] == 2) {
                facts.noAlpha = false;
                facts.alphaBand = colours + static_cast<int>(i);
            }
        if (tiff.photometric == 5 && tiff.inkSet != 1)
            throw Error(Kind::input, source.shown +
                                         " is printed with inks other than CMYK; convert "
                                         "it to RGB in the program it comes from");
    }
    return facts;
}

std::vector<int> delaysOf(const VImage& image, int frames) {
    std::vector<int> delays;
    if (image.get_typeof("delay") == VIPS_TYPE_ARRAY_INT) delays = image.get_array_int("delay");
    delays.resize(static_cast<std::size_t>(frames), delays.empty() ? 100 : delays.back());
    return delays;
}

int orientationOf(const VImage& image, Format format, const Metadata& metadata) {
    // Decoders of these turn the picture themselves.
    if (format == Format::avif || format == Format::heic || format == Format::jxl) return 1;
    if (format == Format::tiff)
        return image.get_typeof(VIPS_META_ORIENTATION) == G_TYPE_INT
                   ? image.get_int(VIPS_META_ORIENTATION)
                   : 1;
    const auto exif = Exif::parse(metadata.exif);
    const auto found = exif ? exif->integer(exif->main, exif_tag::orientation) : std::nullopt;
    return found && *found <= 8 ? static_cast<int>(*found) : 1;
}

// Everything libvips attached is in Picture::metadata now and must not reach a file twice.
VImage bare(VImage image) {
    image = image.copy(VImage::option()->set("xres", 1.0)->set("yres", 1.0));
    char** fields = vips_image_get_fields(image.get_image());
    for (char** field = fields; *field; ++field)
        if (vips_image_get_typeof(image.get_image(), *field) && !g_str_has_prefix(*field, "vips-"))
            image.remove(*field);
    g_strfreev(fields);
    return image;
}

Frames readFrames(const Source& source, Format format, const LoadOptions& options, bool random,
                  Picture& picture) {
    Roll roll = openRoll(source, format, options, random, picture.notes);
    Frames frames;
    frames.count = roll.frames;
    picture.metadata = readMetadata(roll.image, source, format, roll.firstPage);
    frames.orientation = orientationOf(roll.image, format, picture.metadata);
    picture.animated = roll.frames > 1 && (format == Format::gif || format == Format::webp);
    if (picture.animated) {
        picture.delays = delaysOf(roll.image, roll.frames);
        picture.loop = roll.image.get_typeof("loop") == G_TYPE_INT ? roll.image.get_int("loop") : 0;
    }
    // The profile must still be attached here: CMYK is converted through it.
    Normal normal = normalise(roll.image, pixelFacts(source, format, roll.image, roll.firstPage),
                              picture.metadata.icc, picture.notes, source.shown);
    picture.linear = normal.linear;
    frames.roll = bare(normal.image);
    keepWith(frames.roll, source.spool);
    return frames;
}

/// Whether a reader that forgives nothing refuses the file. It decodes all of it.
bool isDamaged(const Source& source, Format format, LoadOptions options) {
    options.salvage = false;
    try {
        Picture unused;
        const Frames frames = readFrames(source, format, options, false, unused);
        const Watch watch(frames.roll, options.cancel, {});
        watch.image().avg();
        watch.finish();
        return false;
    } catch (const vips::VError&) {
        takeVipsText();
    } catch (const Error&) {
    }
    if (options.cancel) options.cancel->check();
    return true;
}

Picture opened(const Source& source, Format format, const LoadOptions& options) {
    Picture picture;
    picture.format = format;
    if (options.salvage && isDamaged(source, format, options))
        picture.notes.push_back("it is damaged, and what could not be read is blank");
    if (format == Format::jpeg) picture.jpegQuality = jpegQuality(source.path);
    if (format == Format::png && source.head.find("acTL") != std::string::npos)
        picture.notes.push_back("only the first frame of this animated PNG was taken");
    picture.inParts = options.samples && format == Format::tiff &&
                      (tiffPixelFacts(source.path).tiled || tiffPlainPixels(source.path));
    Frames inOrder = readFrames(source, format, options, picture.inParts, picture);
    // Turning needs lines that are long gone when reading in order.
    if (inOrder.orientation > 2 && !picture.inParts) {
        Picture again;
        picture.frames = split(readFrames(source, format, options, true, again));
    } else {
        picture.frames = split(inOrder);
    }
    if (liesOnItsSide(inOrder.orientation)) std::swap(picture.metadata.dpiX, picture.metadata.dpiY);
    if (!picture.inParts) attach(picture.frames.front(), inOrder);
    return picture;
}

}  // namespace

Picture open(const std::string& path, const LoadOptions& options) {
    startVips();
    const FreshVipsText fresh;
    const Source source = openSource(path, options.cancel);
    const Format format = sniffed(source);
    try {
        return opened(source, format, options);
    } catch (const vips::VError&) {
        throwDamaged(source, options.salvage);
    }
}

}  // namespace acuity::codec
