// Separable resampling to exact pixel sizes, in float with exact positions, antialiased when
// shrinking.
//
// libvips has this for reductions only: its enlargements quantise positions and know no Lanczos.
#pragma once

#include <optional>
#include <string_view>
#include <vips/vips8>

namespace acuity::ops {

enum class Kernel { nearest, bilinear, bicubic, lanczos };

/// "nearest", "bilinear", "bicubic" (Keys, a = -0.5), "lanczos" (three lobes).
std::optional<Kernel> kernelOfName(std::string_view name);

/// Lazily resamples an image of 1 or 3 bands (uchar, ushort, float) to width x height. Borders are
/// mirrored; integer samples are rounded and clipped, float samples clipped below 0.
vips::VImage resample(const vips::VImage& in, int width, int height, Kernel kernel);

}  // namespace acuity::ops
