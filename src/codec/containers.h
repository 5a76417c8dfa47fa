// Metadata in the containers of encoded pictures: JPEG segments, PNG chunks, RIFF chunks of WebP,
// boxes of JPEG XL, extensions of GIF. Bytes in, bytes out.
#pragma once

#include <string>

#include "codec/picture.h"

namespace acuity::codec {

/// `head` begins with SOI; APP0, APP1, APP2 and APP13 that stand there are replaced.
std::string jpegWith(const std::string& head, const Metadata& metadata);

/// `head` begins with the PNG signature and IHDR; eXIf and pHYs are written anew.
std::string pngWith(const std::string& head, const Metadata& metadata);

/// A complete WebP file; ICCP, EXIF and XMP chunks are written anew.
std::string webpWith(const std::string& file, const Metadata& metadata, int width, int height,
                     bool alpha);

/// `head` begins a JPEG XL codestream or container; Exif and xml boxes go before the pixels.
std::string jxlWith(const std::string& head, const Metadata& metadata);

/// `head` begins a GIF; XMP goes after the global palette.
std::string gifWith(const std::string& head, const Metadata& metadata);

/// Largest EXIF or XMP block that one segment of a JPEG holds.
constexpr std::size_t kJpegExifMost = 65535 - 2 - 6, kJpegXmpMost = 65535 - 2 - 29;

/// Boxes and extensions that libvips does not read; empty where absent.
Metadata jxlMetadata(const std::string& path);
std::string gifXmp(const std::string& path);

/// `dpiX` and `dpiY` as the container itself says; libvips makes up 72 where it says nothing.
Metadata jpegResolution(const std::string& head);
Metadata pngResolution(const std::string& path);

}  // namespace acuity::codec
