// Fetches one file over HTTPS, or over HTTP from this very machine, and goes on where an earlier
// attempt broke off.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel.h"

namespace acuity::model {

struct Wanted {
    std::string url;
    std::string sha256;
    std::uint64_t bytes = 0;
};

/// Called with the bytes that are there so far.
using Arrived = std::function<void(std::uint64_t)>;

/// Fetches into the file `path`, whose bytes are kept when the connection breaks and taken up by
/// the next call. When this returns, size and checksum are right. Throws Error(model) in words for
/// a person: no network, not found, too many or unsafe redirects, another content than wanted (the
/// file is gone then); Error(output) when the disk is full; Error(cancelled).
void download(const Wanted& wanted, const std::string& path, const Arrived& arrived,
              const Cancel& cancel);

}  // namespace acuity::model
