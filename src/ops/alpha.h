// Transparency: the colour under it, and its own extremes.
#pragma once

#include <vips/vips8>

namespace acuity::ops {

/// `colour` with what lies under fully transparent pixels replaced by the colour of their opaque
/// neighbours, so that neither a network nor a kernel can draw hidden colour into the visible edge.
/// Both images have one sample type and size; colour is not premultiplied. Streams.
vips::VImage fillTransparent(const vips::VImage& colour, const vips::VImage& alpha);

/// `enlarged` alpha held between the least and the greatest of the 3x3 pixels of `alpha` it came
/// from: what was fully opaque or transparent stays so, however a network rounds. Streams.
vips::VImage withinNeighbours(const vips::VImage& enlarged, const vips::VImage& alpha);

}  // namespace acuity::ops
