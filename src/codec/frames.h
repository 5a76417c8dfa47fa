// Frames and the roll they are cut from: libvips reads all frames of a file below one another.
#pragma once

#include <vector>
#include <vips/vips8>

namespace acuity::codec {

struct Frames {
    vips::VImage roll;  // not yet upright
    int count = 1;
    int orientation = 1;
};

/// The upright frames, lazily.
std::vector<vips::VImage> split(const Frames& frames);

/// Leaves the roll with the first frame, so that `decode` can read it once and in order.
void attach(const vips::VImage& frame, const Frames& frames);
const Frames* attached(const vips::VImage& frame);

}  // namespace acuity::codec
