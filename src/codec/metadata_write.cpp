#include "codec/metadata_write.h"

namespace acuity::codec {
namespace {

using vips::VImage;

void setBlob(VImage& image, const char* field, const std::string& bytes) {
    if (!bytes.empty()) image.set(field, nullptr, const_cast<char*>(bytes.data()), bytes.size());
}

}  // namespace

Metadata corrected(const Picture& picture, Format format, const SaveOptions& options) {
    Metadata out = picture.metadata;
    out.dpiX = options.dpiX;
    out.dpiY = options.dpiY;
    (void)format;
    return out;
}

VImage withFields(const VImage& image, const Picture& picture, const Metadata& metadata,
                  Format format) {
    VImage out = image.copy(VImage::option()
                                ->set("xres", metadata.dpiX > 0 ? metadata.dpiX / 25.4 : 1.0)
                                ->set("yres", metadata.dpiY > 0 ? metadata.dpiY / 25.4 : 1.0));
    setBlob(out, VIPS_META_ICC_NAME, metadata.icc);
    (void)picture;
    (void)format;
    return out;
}

Wrapping wrapping(const Metadata&, const Picture&, Format) {
    return {};
}

void finishFile(const std::string&, const Metadata&, Format) {}

}  // namespace acuity::codec
