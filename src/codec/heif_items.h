// EXIF and XMP as items of AVIF and HEIC files: read, and added to a finished file.
#pragma once

#include <string>

#include "codec/picture.h"

namespace acuity::codec {

/// `exif` and `xmp` of a file; empty where absent or damaged.
Metadata heifMetadata(const std::string& path);

/// A complete file with the two blocks added as items that describe the primary one. What is not
/// understood comes back unchanged.
std::string heifWith(const std::string& file, const Metadata& metadata);

}  // namespace acuity::codec
