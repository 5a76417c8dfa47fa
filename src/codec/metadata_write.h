// What travels with the pixels, into every format: corrected, then by the encoder or by ourselves.
#pragma once

#include "codec/picture.h"
#include "codec/save.h"
#include "codec/sink.h"

namespace acuity::codec {

/// Blobs as they shall stand in the file: dimensions, orientation and DPI corrected, nothing of a
/// kind that must not travel.
Metadata corrected(const Picture& picture, Format format, const SaveOptions& options);

/// What the encoder itself writes is attached to the image.
vips::VImage withFields(const vips::VImage& image, const Picture& picture, const Metadata& metadata,
                        Format format);

/// What is added to the encoder's bytes.
Wrapping wrapping(const Metadata& metadata, const Picture& picture, Format format);

/// What is done to the finished file (TIFF). Throws Error(output).
void finishFile(const std::string& path, const Metadata& metadata, Format format);

}  // namespace acuity::codec
