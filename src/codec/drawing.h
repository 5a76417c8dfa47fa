// SVG that this program wrote itself, to pixels. Pictures of strangers never come here.
#pragma once

#include <optional>
#include <string>
#include <vips/vips8>

namespace acuity::codec {

/// sRGB, 8 bits, in memory; nothing where this libvips cannot draw SVG.
std::optional<vips::VImage> drawn(const std::string& svg);

}  // namespace acuity::codec
