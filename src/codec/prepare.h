// Pixels as a format can hold them: depth, alpha, linear light.
#pragma once

#include "codec/picture.h"
#include "codec/save.h"

namespace acuity::codec {

/// Bits a sample that will stand in the file: 8, 16 or 32.
int depthFor(const Picture& picture, Format format, const SaveOptions& options);

/// All frames below one another, ready for the format's encoder, without metadata.
vips::VImage prepared(const Picture& picture, Format format, const SaveOptions& options);

/// A part of a picture in 8 bits without transparency, as sheets want it.
vips::VImage flattened(const Picture& picture, const vips::VImage& part);

/// Whether the pixels leave the space of the picture's profile, which then must not be written.
bool leavesProfile(const Picture& picture, Format format, const SaveOptions& options);

}  // namespace acuity::codec
