#include "codec/drawing.h"

#include "codec/load.h"

namespace acuity::codec {

std::optional<vips::VImage> drawn(const std::string& svg) {
    constexpr const char* kLoader = "VipsForeignLoadSvgBuffer";
    startVips();
    vips_operation_block_set(kLoader, FALSE);  // closed by startVips(), and again below
    std::optional<vips::VImage> image;
    try {
        VipsBlob* blob = vips_blob_copy(svg.data(), svg.size());
        image = vips::VImage::svgload_buffer(blob).flatten().copy_memory();
        vips_area_unref(VIPS_AREA(blob));
    } catch (const vips::VError&) {
        vips_error_clear();
    }
    vips_operation_block_set(kLoader, TRUE);
    return image;
}

}  // namespace acuity::codec
