#include "model/checksum.h"

#include <glib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace acuity::model {

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

bool isSha256(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace acuity::model
