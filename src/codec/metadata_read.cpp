#include "codec/metadata_read.h"

#include <cmath>

namespace acuity::codec {
namespace {

std::string blob(const vips::VImage& image, const char* field) {
    if (image.get_typeof(field) != VIPS_TYPE_BLOB) return "";
    std::size_t size = 0;
    const void* bytes = image.get_blob(field, &size);
    return std::string(static_cast<const char*>(bytes), size);
}

}  // namespace

Metadata readMetadata(const vips::VImage& image, const Source& source, Format format) {
    Metadata found;
    (void)source;
    (void)format;
    found.icc = blob(image, VIPS_META_ICC_NAME);
    found.exif = blob(image, VIPS_META_EXIF_NAME);
    if (found.exif.compare(0, 6, std::string("Exif\0\0", 6)) == 0) found.exif.erase(0, 6);
    found.xmp = blob(image, VIPS_META_XMP_NAME);
    found.iptc = blob(image, VIPS_META_IPTC_NAME);
    // libvips says one pixel per millimetre where the file says nothing.
    if (std::abs(image.xres() - 1) > 1e-9 || std::abs(image.yres() - 1) > 1e-9) {
        found.dpiX = image.xres() * 25.4;
        found.dpiY = image.yres() * 25.4;
    }
    return found;
}

}  // namespace acuity::codec
