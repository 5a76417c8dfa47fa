// Files in one ZIP, as they are: pictures do not shrink further.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace acuity::server {

struct ZipEntry {
    std::string name;  // in the archive, UTF-8; must differ from the others
    std::string path;
};

/// Writes the archive piece by piece; false from `sink` ends it. Files that vanish are left out.
/// Archives above 4 GiB are written as ZIP64.
void writeZip(const std::vector<ZipEntry>& entries,
              const std::function<bool(const char*, std::size_t)>& sink);

}  // namespace acuity::server
