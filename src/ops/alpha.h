// Colour under transparency.
#pragma once

#include <vips/vips8>

namespace acuity::ops {

/// `colour` with what lies under fully transparent pixels replaced by the colour of their opaque
/// neighbours, so that neither a network nor a kernel can draw hidden colour into the visible edge.
/// Both images have one sample type and size; colour is not premultiplied. Streams.
vips::VImage fillTransparent(const vips::VImage& colour, const vips::VImage& alpha);

}  // namespace acuity::ops
