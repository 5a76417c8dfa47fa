// The page, as it was built into the program from web/dist.
#pragma once

#include <string>
#include <string_view>

namespace acuity::server {

struct Asset {
    const char* path;  // as the browser asks for it
    const char* type;
    std::string_view bytes;
};

/// Made by cmake/embed.cmake.
extern const Asset kAssets[];
extern const std::size_t kAssetCount;

/// Nothing where there is none.
const Asset* asset(const std::string& path);

/// The same bytes for browsers that take gzip, made once.
const std::string& zipped(const Asset& asset);

}  // namespace acuity::server
