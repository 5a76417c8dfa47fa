#include "base/hash.h"

#include <glib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace acuity {

std::string sha256(std::string_view bytes) {
    char* sum = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar*>(bytes.data()), bytes.size());
    const std::string digits = sum;
    g_free(sum);
    return digits;
}

std::string sha256OfFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw Error(Kind::input, "cannot read " + inQuotes(path) + ": " + std::strerror(errno));
    const std::unique_ptr<GChecksum, decltype(&g_checksum_free)> sum(
        g_checksum_new(G_CHECKSUM_SHA256), &g_checksum_free);
    std::vector<char> piece(1 << 18);
    while (in) {
        in.read(piece.data(), std::streamsize(piece.size()));
        g_checksum_update(sum.get(), reinterpret_cast<const guchar*>(piece.data()), in.gcount());
    }
    if (in.bad()) throw Error(Kind::input, "reading " + inQuotes(path) + " broke off");
    return g_checksum_get_string(sum.get());
}

}  // namespace acuity
