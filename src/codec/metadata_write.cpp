#include "codec/metadata_write.h"

#include "codec/containers.h"
#include "codec/exif.h"
#include "codec/heif_items.h"
#include "codec/prepare.h"
#include "codec/tiff_exif.h"
#include "codec/xmp.h"

namespace acuity::codec {
namespace {

using vips::VImage;

void setBlob(VImage& image, const char* field, const std::string& bytes) {
    if (!bytes.empty()) image.set(field, nullptr, const_cast<char*>(bytes.data()), bytes.size());
}

// Formats without a field of their own for the resolution say it in EXIF.
bool saysDpiInExif(Format format) {
    return format == Format::webp || format == Format::avif || format == Format::jxl;
}

std::string exifFor(const Picture& picture, const Metadata& metadata, Format format) {
    std::optional<Exif> exif = Exif::parse(metadata.exif);
    // Into AVIF the encoder writes EXIF in any case; ours replaces it.
    const bool needed = saysDpiInExif(format) && metadata.dpiX > 0;
    if (!exif && !needed && format != Format::avif) return "";
    if (!exif) exif = Exif();
    correct(*exif, picture.width(), picture.height(), metadata.dpiX, metadata.dpiY);
    std::string bytes = exif->bytes();
    if (format != Format::jpeg || bytes.size() <= kJpegExifMost) return bytes;
    // One segment of a JPEG does not hold it: the maker's private note goes first.
    Exif::erase(exif->photo, exif_tag::makerNote);
    bytes = exif->bytes();
    return bytes.size() <= kJpegExifMost ? bytes : "";
}

}  // namespace

Metadata corrected(const Picture& picture, Format format, const SaveOptions& options) {
    Metadata out;
    if (options.keepMetadata) out = picture.metadata;
    out.icc = leavesProfile(picture, format, options) ? "" : picture.metadata.icc;
    out.dpiX = options.dpiX;
    out.dpiY = options.dpiY;
    out.exif = exifFor(picture, out, format);
    if (!out.xmp.empty())
        out.xmp =
            correctedXmp(std::move(out.xmp), picture.width(), picture.height(), out.dpiX, out.dpiY);
    const bool holdsIptc = format == Format::jpeg || format == Format::tiff;
    if (!out.iptc.empty() && !holdsIptc) {
        out.xmp = withIptc(std::move(out.xmp), out.iptc);
        out.iptc.clear();
    }
    return out;
}

VImage withFields(const VImage& image, const Picture& picture, const Metadata& metadata,
                  Format format) {
    VImage out = image.copy(VImage::option()
                                ->set("xres", metadata.dpiX > 0 ? metadata.dpiX / 25.4 : 1.0)
                                ->set("yres", metadata.dpiY > 0 ? metadata.dpiY / 25.4 : 1.0));
    setBlob(out, VIPS_META_ICC_NAME, metadata.icc);
    if (format == Format::png) setBlob(out, VIPS_META_XMP_NAME, metadata.xmp);
    if (picture.animated && picture.frames.size() > 1) {
        out.set("delay", picture.delays);
        out.set("loop", picture.loop);
    }
    return out;
}

Wrapping wrapping(const Metadata& metadata, const Picture& picture, Format format) {
    using Change = std::string (*)(const std::string&, const Metadata&);
    Change change = nullptr;
    switch (format) {
        case Format::jpeg:
            change = jpegWith;
            break;
        case Format::png:
            change = pngWith;
            break;
        case Format::jxl:
            change = jxlWith;
            break;
        case Format::gif:
            change = gifWith;
            break;
        case Format::webp: {
            const int width = picture.width(), height = picture.height();
            const bool alpha = picture.alpha();
            return {[=](const std::string& file) {
                        return webpWith(file, metadata, width, height, alpha);
                    },
                    true};
        }
        case Format::avif:
            return {[=](const std::string& file) { return heifWith(file, metadata); }, true};
        default:
            return {};
    }
    return {[=](const std::string& head) { return change(head, metadata); }, false};
}

void finishFile(const std::string& path, const Metadata& metadata, Format format) {
    if (format == Format::tiff) appendToTiff(path, metadata);
}

}  // namespace acuity::codec
