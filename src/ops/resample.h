// Separable resampling to exact pixel sizes, in float with exact positions, antialiased when
// shrinking.
//
// libvips has this for reductions only: its enlargements quantise positions and know no Lanczos.
#pragma once

#include <vips/vips8>

#include "ops/kernels.h"

namespace acuity::ops {

/// Lazily resamples an image of 1 or 3 bands (uchar, ushort, float) to width x height. Integer
/// samples are rounded and clipped, float samples clipped below 0.
vips::VImage resample(const vips::VImage& in, int width, int height, Kernel kernel,
                      Borders borders = Borders::mirrored);

/// The same with weights of all kinds for columns and rows, whose outputs are the result's size.
vips::VImage resample(const vips::VImage& in, Axis columns, Axis rows);

}  // namespace acuity::ops
