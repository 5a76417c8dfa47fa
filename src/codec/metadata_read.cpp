#include "codec/metadata_read.h"

#include <cmath>

#include "codec/containers.h"
#include "codec/exif.h"
#include "codec/heif_items.h"
#include "codec/tiff_exif.h"
#include "codec/xmp.h"

namespace acuity::codec {
namespace {

std::string blob(const vips::VImage& image, const char* field) {
    if (image.get_typeof(field) != VIPS_TYPE_BLOB) return "";
    std::size_t size = 0;
    const void* bytes = image.get_blob(field, &size);
    return std::string(static_cast<const char*>(bytes), size);
}

void resolutionOfExif(Metadata& found) {
    const auto exif = Exif::parse(found.exif);
    if (!exif) return;
    const auto value = [&](std::uint16_t tag) { return exif->rational(exif->main, tag); };
    const double x = value(exif_tag::xResolution), y = value(exif_tag::yResolution);
    if (x <= 1 || y <= 1 || x > 1e6 || y > 1e6) return;
    const bool metric = exif->integer(exif->main, exif_tag::resolutionUnit).value_or(2) == 3;
    found.dpiX = x * (metric ? 2.54 : 1);
    found.dpiY = y * (metric ? 2.54 : 1);
}

// Conversions through pixels per metre leave 299.9994: nobody meant that.
double tidy(double dpi) {
    return std::abs(dpi - std::round(dpi)) < 0.02 ? std::round(dpi) : dpi;
}

void readResolution(const vips::VImage& image, const Source& source, Format format,
                    Metadata& found) {
    if (format == Format::jpeg || format == Format::png) {
        const Metadata said =
            format == Format::jpeg ? jpegResolution(source.head) : pngResolution(source.path);
        found.dpiX = said.dpiX;
        found.dpiY = said.dpiY;
    } else if (std::abs(image.xres() - 1) > 1e-6 || std::abs(image.yres() - 1) > 1e-6) {
        // libvips says one pixel per millimetre where the file says nothing.
        found.dpiX = image.xres() * 25.4;
        found.dpiY = image.yres() * 25.4;
    }
    if (found.dpiX < 1 || found.dpiY < 1) resolutionOfExif(found);
    found.dpiX = tidy(found.dpiX);
    found.dpiY = tidy(found.dpiY);
}

}  // namespace

Metadata readMetadata(const vips::VImage& image, const Source& source, Format format, int page) {
    Metadata found;
    if (format == Format::jxl) found = jxlMetadata(source.path);
    if (format == Format::avif || format == Format::heic) found = heifMetadata(source.path);
    found.icc = blob(image, VIPS_META_ICC_NAME);
    if (format == Format::tiff) {
        const Exif exif = readTiffExif(source.path, page);
        if (!exif.empty()) found.exif = exif.bytes();
    } else if (found.exif.empty()) {
        found.exif = blob(image, VIPS_META_EXIF_NAME);
    }
    if (found.exif.compare(0, 6, std::string("Exif\0\0", 6)) == 0) found.exif.erase(0, 6);
    if (found.xmp.empty()) found.xmp = blob(image, VIPS_META_XMP_NAME);
    if (format == Format::gif) found.xmp = gifXmp(source.path);
    while (!found.xmp.empty() && found.xmp.back() == '\0') found.xmp.pop_back();
    found.iptc = blob(image, VIPS_META_IPTC_NAME);
    if (format == Format::jpeg) found.iptc = iptcOfPhotoshop(found.iptc);
    readResolution(image, source, format, found);
    return found;
}

}  // namespace acuity::codec
