// Deep Zoom: a pyramid of tiles, as a folder beside its .dzi or in one .zip.
#pragma once

#include "codec/save.h"

namespace acuity::codec {

/// Whether `path` asks for one zip file.
bool zipped(const std::string& path);

/// What is written for `path`: NAME.dzi, or the zip file itself.
std::string deepZoomFile(const std::string& path);

/// Throws Error(output) where NAME_files stands without its NAME.dzi: it is somebody else's.
void checkDeepZoomPlace(const std::string& path);

/// NAME.dzi and NAME_files appear together when all tiles are written. Throws Error, vips::VError.
void saveDeepZoom(const Picture& picture, const std::string& path, const SaveOptions& options);

}  // namespace acuity::codec
