#include "server/page.h"

#include <zlib.h>

#include <map>
#include <mutex>

#include "base/error.h"

namespace acuity::server {

const Asset* asset(const std::string& path) {
    for (std::size_t i = 0; i < kAssetCount; i++)
        if (path == kAssets[i].path) return &kAssets[i];
    return nullptr;
}

const std::string& zipped(const Asset& asset) {
    static std::mutex mutex;
    static std::map<const Asset*, std::string> made;
    std::lock_guard guard(mutex);
    std::string& bytes = made[&asset];
    if (!bytes.empty()) return bytes;
    z_stream stream{};
    constexpr int kGzip = 15 + 16;
    if (deflateInit2(&stream, 9, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw Error(Kind::internal, "zlib does not start");
    bytes.resize(deflateBound(&stream, asset.bytes.size()) + 32);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(asset.bytes.data()));
    stream.avail_in = uInt(asset.bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = uInt(bytes.size());
    deflate(&stream, Z_FINISH);
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
}

}  // namespace acuity::server
