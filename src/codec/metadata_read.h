// What travels with the pixels, out of every format: libvips' fields, and what it overlooks.
#pragma once

#include "codec/picture.h"
#include "codec/source.h"

namespace acuity::codec {

/// `page` is the first page taken of the file.
Metadata readMetadata(const vips::VImage& image, const Source& source, Format format, int page);

}  // namespace acuity::codec
