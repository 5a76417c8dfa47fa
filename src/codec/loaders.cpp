#include "codec/loaders.h"

#include <cmath>

#include "base/error.h"
#include "codec/bmp.h"
#include "codec/tiff_file.h"
#include "codec/vips_text.h"

namespace acuity::codec {
namespace {

using vips::VImage;
using vips::VOption;

bool hasPages(Format format) {
    return format == Format::tiff || format == Format::gif || format == Format::webp ||
           format == Format::heic || format == Format::avif;
}

VImage call(const Source& source, Format format, VOption* options) {
    switch (format) {
        case Format::jpeg:
            return VImage::jpegload_source(source.stream(), options);
        case Format::png:
            return VImage::pngload_source(source.stream(), options);
        case Format::webp:
            return VImage::webpload_source(source.stream(), options);
        case Format::tiff:
            return VImage::tiffload_source(source.stream(), options);
        case Format::avif:
        case Format::heic:
            return VImage::heifload_source(source.stream(), options);
        case Format::jxl:
            return VImage::jxlload_source(source.stream(), options);
        case Format::gif:
            return VImage::gifload_source(source.stream(), options);
        case Format::ppm:
            return VImage::ppmload_source(source.stream(), options);
        case Format::exr:
            return VImage::openexrload(source.path.c_str(), options);
        default:
            throw Error(Kind::internal, "no loader for this format");
    }
}

VOption* access(const LoadOptions& options, bool random) {
    // Not "error": libpng and libtiff count remarks about metadata among the errors.
    return VImage::option()
        ->set("access", random ? VIPS_ACCESS_RANDOM : VIPS_ACCESS_SEQUENTIAL)
        ->set("fail_on", options.salvage ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_ERROR);
}

int integer(const VImage& image, const char* field, int otherwise) {
    return image.get_typeof(field) == G_TYPE_INT ? image.get_int(field) : otherwise;
}

// The page the person asked for, or how many there are.
struct Chosen {
    int first = 0, count = 1;
};

Chosen choosePages(const Source& source, Format format, const VImage& header, int inFile,
                   const LoadOptions& options, std::vector<std::string>& notes) {
    if (options.page >= inFile)
        throw Error(Kind::input, source.shown + " has " + std::to_string(inFile) +
                                     (inFile == 1 ? " page" : " pages") +
                                     ", and not the one --page asks for");
    if (options.page >= 0) return {options.page, 1};
    if (inFile == 1) return {0, 1};
    if (format == Format::heic || format == Format::avif) {
        notes.push_back("only the main one of its " + std::to_string(inFile) +
                        " pictures was taken; --page chooses another");
        return {integer(header, "heif-primary", 0), 1};
    }
    if (format == Format::tiff) {
        const auto differ = [&](const char* what) {
            return Error(Kind::input, source.shown + " has " + std::to_string(inFile) +
                                          " pages of different " + what +
                                          "; choose one with --page N");
        };
        switch (comparePages(source.path, inFile)) {
            case Pages::alike:
                break;
            case Pages::reduced:
                notes.push_back("its reduced copies were left out");
                return {0, 1};
            case Pages::unlike:
                throw differ("colours, depth, orientation or layout");
            case Pages::otherSizes:
                throw differ("sizes");
        }
    }
    return {0, inFile};
}

/// Whether `from` has the field, which `to` then has as well.
bool copyField(const VImage& from, const VImage& to, const char* field) {
    GValue value = G_VALUE_INIT;
    if (!vips_image_get_typeof(from.get_image(), field) ||
        vips_image_get(from.get_image(), field, &value) != 0)
        return false;
    vips_image_set(to.get_image(), field, &value);
    g_value_unset(&value);
    return true;
}

/// `image` with the profile, texts, resolution and orientation of another one instead of its own.
VImage withMetadataOf(const VImage& image, const VImage& other) {
    VImage own = image.copy(VImage::option()->set("xres", other.xres())->set("yres", other.yres()));
    for (const char* field : {VIPS_META_RESOLUTION_UNIT, VIPS_META_ICC_NAME, VIPS_META_EXIF_NAME,
                              VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME, VIPS_META_PHOTOSHOP_NAME,
                              VIPS_META_ORIENTATION, VIPS_META_IMAGEDESCRIPTION})
        if (!copyField(other, own, field)) own.remove(field);
    return own;
}

/// The pixels of a TIFF where they lie in the file, with all that its header says: libvips would
/// read all strips to get at one.
VImage inPlace(const Source& source, const VImage& header, std::uint64_t offset) {
    const VImage raw = VImage::rawload(source.path.c_str(), header.width(), header.height(),
                                       int(VIPS_IMAGE_SIZEOF_PEL(header.get_image())),
                                       VImage::option()->set("offset", guint64(offset)));
    VImage image = raw.copy(VImage::option()
                                ->set("format", header.format())
                                ->set("bands", header.bands())
                                ->set("interpretation", header.interpretation())
                                ->set("xres", header.xres())
                                ->set("yres", header.yres()));
    char** fields = vips_image_get_fields(header.get_image());
    for (char** field = fields; *field; ++field)
        if (!vips_image_get_typeof(image.get_image(), *field)) copyField(header, image, *field);
    g_strfreev(fields);
    return image;
}

Roll openBmp(const Source& source, const LoadOptions& options) {
    const BmpFacts facts = readBmpHeader(source);
    checkPixels(source, facts.width, facts.height, 1, options);
    const double bands = facts.bits > 8 ? 4 : 3;
    checkWhole(source, "BMP", double(source.size) + bands * facts.width * facts.height, options);
    Roll roll;
    roll.image = readBmp(source, facts, options.salvage);
    if (facts.dpiX > 1 && facts.dpiY > 1)
        roll.image = roll.image.copy(
            VImage::option()->set("xres", facts.dpiX / 25.4)->set("yres", facts.dpiY / 25.4));
    return roll;
}

}  // namespace

void throwDamaged(const Source& source, bool salvage) {
    const std::string reason = takeVipsText();
    if (reason.find("ecurity limit") != std::string::npos)
        throw Error(Kind::input, source.shown + " exceeds what its decoder takes: " + reason);
    throw Error(Kind::input, source.shown + " is damaged: " + reason +
                                 (salvage ? "" : "; --salvage takes what can still be read"));
}

void checkPixels(const Source& source, double width, double height, double frames,
                 const LoadOptions& options) {
    if (width < 1 || height < 1)
        throw Error(Kind::input, source.shown + " is damaged: it declares no size");
    if (width * height * frames <= options.maxPixels) return;
    std::string size = std::to_string(std::llround(width)) + " x " +
                       std::to_string(std::llround(height)) + " pixels";
    if (frames > 1) size += " in " + std::to_string(std::llround(frames)) + " frames";
    throw Error(Kind::input, source.shown + " declares " + size +
                                 ", more than the limit; raise it with --max-input-pixels " +
                                 std::to_string(std::llround(width * height * frames)));
}

Roll openRoll(const Source& source, Format format, const LoadOptions& options, bool random,
              std::vector<std::string>& notes) {
    try {
        if (format == Format::bmp) return openBmp(source, options);
        Roll roll;
        VOption* how = access(options, random);
        // One page first: its header says how many there are, before libvips lays them all out.
        if (hasPages(format) && options.page > 0) how->set("page", 0);
        VImage header = call(source, format, how);
        const int inFile = hasPages(format) ? std::max(1, integer(header, "n-pages", 1)) : 1;
        const Chosen pages = choosePages(source, format, header, inFile, options, notes);
        checkPixels(source, header.width(), header.height(), pages.count, options);
        const VImage first = header;
        if (pages.first != 0 || pages.count != 1)
            header = call(source, format,
                          access(options, random)->set("page", pages.first)->set("n", pages.count));
        // libvips gives what the last of all pages says.
        if (format == Format::tiff && pages.count > 1) header = withMetadataOf(header, first);
        checkPixels(source, header.width(), header.height(), 1, options);
        roll.frames = pages.count;
        roll.firstPage = pages.first;
        if (header.height() % roll.frames != 0)
            throw Error(Kind::input, source.shown + " has frames of different sizes");
        roll.image = header;
        if (random && options.samples && format == Format::tiff)
            if (const std::uint64_t offset = tiffPlainPixels(source.path))
                roll.image = inPlace(source, header, offset);
        checkDecoderMemory(source, format, header, roll.frames, options);
        return roll;
    } catch (const vips::VError&) {
        throwDamaged(source, options.salvage);
    }
}

}  // namespace acuity::codec
