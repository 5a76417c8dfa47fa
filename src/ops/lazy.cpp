#include "ops/lazy.h"

#include "base/error.h"

namespace acuity::ops {
namespace {

/// What must live as long as the image: libvips does not hold the inputs itself.
struct Kept {
    std::unique_ptr<Lazy> op;
    std::vector<vips::VImage> inputs;
    std::vector<VipsImage*> list;  // of the inputs, ended by null, as libvips wants it
};

/// libvips' C callback: nothing may be thrown through it.
int generate(VipsRegion* out, void* regions, void*, void* kept, gboolean*) {
    try {
        static_cast<const Kept*>(kept)->op->fill(out, static_cast<VipsRegion**>(regions));
        return 0;
    } catch (const std::exception& error) {
        vips_error("acuity", "%s", error.what());
        return -1;
    }
}

}  // namespace

void Lazy::prepare(VipsRegion* region, const VipsRect& area) {
    if (vips_region_prepare(region, &area))
        throw Error(Kind::input, "the picture's pixels could not be computed");
}

vips::VImage lazy(std::unique_ptr<Lazy> op, const std::vector<vips::VImage>& inputs, int width,
                  int height, VipsBandFormat format, int bands) {
    VipsImage* out = vips_image_new();
    vips::VImage result(out);
    auto* kept = new Kept{std::move(op), inputs, {}};
    for (const vips::VImage& input : inputs) kept->list.push_back(input.get_image());
    kept->list.push_back(nullptr);
    g_object_set_data_full(G_OBJECT(out), "acuity-lazy", kept,
                           [](void* p) { delete static_cast<Kept*>(p); });
    VipsImage** list = kept->list.data();
    bool refused = vips_image_pipeline_array(out, VIPS_DEMAND_STYLE_FATSTRIP, list);
    out->Xsize = width;
    out->Ysize = height;
    out->BandFmt = format;
    out->Bands = bands;
    out->Coding = VIPS_CODING_NONE;
    refused =
        refused || vips_image_generate(out, vips_start_many, generate, vips_stop_many, list, kept);
    if (refused) throw Error(Kind::internal, "libvips refused the image operation");
    return result;
}

}  // namespace acuity::ops
