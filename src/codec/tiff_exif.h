// EXIF, XMP and IPTC in TIFF files: read out of their directories, and appended to finished files.
#pragma once

#include <string>

#include "codec/exif.h"
#include "codec/picture.h"

namespace acuity::codec {

/// The descriptive fields of one page, with its EXIF and GPS directories.
Exif readTiffExif(const std::string& path, int page);

/// Writes the first directory anew at the end of the file, with the metadata in it; the pixels stay
/// where they are. Throws Error(output), its sentence beginning with "the disk refused".
void appendToTiff(const std::string& path, const Metadata& metadata);

}  // namespace acuity::codec
