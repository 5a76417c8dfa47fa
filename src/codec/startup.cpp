#include <mutex>

#include "base/error.h"
#include "codec/load.h"

namespace acuity::codec {
namespace {

// Every loader is closed, then these are opened again: nothing else may ever parse a stranger's
// file, even where libvips itself looks for a loader.
constexpr const char* kLoaders[] = {
    "VipsForeignLoadJpeg",  "VipsForeignLoadPng",  "VipsForeignLoadWebp",
    "VipsForeignLoadTiff",  "VipsForeignLoadHeif", "VipsForeignLoadJxl",
    "VipsForeignLoadNsgif", "VipsForeignLoadPpm",  "VipsForeignLoadOpenexr",
    "VipsForeignLoadRaw",  // knows no file by itself: see inPlace() in loaders.cpp
};

void quiet(const char*, GLogLevelFlags, const char*, void*) {}

}  // namespace

void startVips() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (VIPS_INIT("acuity") != 0)
            throw Error(Kind::internal, "the picture library libvips did not start");
        vips_cache_set_max(0);  // its cache of operations would serve files that changed meanwhile
        vips_operation_block_set("VipsForeignLoad", TRUE);
        for (const char* loader : kLoaders) vips_operation_block_set(loader, FALSE);
        // Remarks of loaders go to stderr otherwise; what matters to a person is said by us.
        for (const char* domain : {"VIPS", "GLib-GObject"})
            g_log_set_handler(domain, G_LOG_LEVEL_WARNING, quiet, nullptr);
    });
}

}  // namespace acuity::codec
