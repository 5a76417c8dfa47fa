// Whatever a file's pixels mean -> the few kinds a Picture can have.
#pragma once

#include <optional>
#include <string>
#include <vector>
#include <vips/vips8>

namespace acuity::codec {

/// What the loader cannot tell by the image alone.
struct PixelFacts {
    std::optional<int> alphaBand;  // TIFF says which extra band is alpha; nothing: by band count
    bool noAlpha = false;          // extra bands, none of which is alpha
    bool premultiplied = false;
    double white = 0;     // value of full white where it is not the range's top, else 0
    double alphaTop = 0;  // value of full opacity where it differs from white, else 0
};

struct Normal {
    vips::VImage image;
    bool linear = false;
};

/// `icc` is emptied where the pixels leave their own space for sRGB. `notes` receives sentences.
/// Throws Error(input), its sentence beginning with `shown`.
Normal normalise(vips::VImage image, const PixelFacts& facts, std::string& icc,
                 std::vector<std::string>& notes, const std::string& shown);

}  // namespace acuity::codec
