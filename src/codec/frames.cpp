#include "codec/frames.h"

#include "codec/orientation.h"

namespace acuity::codec {
namespace {

constexpr const char* kName = "acuity-roll";

}  // namespace

std::vector<vips::VImage> split(const Frames& frames) {
    std::vector<vips::VImage> out;
    const int height = frames.roll.height() / frames.count;
    for (int i = 0; i < frames.count; ++i) {
        const vips::VImage frame =
            frames.count == 1
                ? frames.roll.copy()
                : frames.roll.extract_area(0, i * height, frames.roll.width(), height);
        out.push_back(upright(frame, frames.orientation));
    }
    return out;
}

void attach(const vips::VImage& frame, const Frames& frames) {
    g_object_set_data_full(G_OBJECT(frame.get_image()), kName, new Frames(frames),
                           [](void* held) { delete static_cast<Frames*>(held); });
}

const Frames* attached(const vips::VImage& frame) {
    return static_cast<const Frames*>(g_object_get_data(G_OBJECT(frame.get_image()), kName));
}

}  // namespace acuity::codec
