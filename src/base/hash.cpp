#include "base/hash.h"

#include <glib.h>

namespace acuity {

std::string sha256(std::string_view bytes) {
    char* sum = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar*>(bytes.data()), bytes.size());
    const std::string digits = sum;
    g_free(sum);
    return digits;
}

}  // namespace acuity
