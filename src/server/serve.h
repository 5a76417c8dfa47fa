// `acuity serve`: a page and an interface for programs (docs/openapi.yaml) on this machine.
#pragma once

#include <functional>
#include <string>

#include "base/cancel.h"
#include "pipeline/options.h"

namespace acuity::server {

struct Config {
    std::string host = "127.0.0.1";
    int port = 7860;    // 0: a free one
    std::string token;  // needed where others can reach the server
    std::string data;   // folder for pictures, results and the queue
    std::string watch;  // folder whose new pictures are enlarged, or ""
    std::uint64_t disk = 20'000'000'000, upload = 2'000'000'000;  // bytes, at most
    int keepDays = 7;                                             // finished results
    pipeline::Options base;                                       // engine, memory and the like
};

/// Answers until `cancel` is requested; `ready` gets the address once it does.
/// Throws Error(usage or output) when it cannot start.
void serve(const Config& config, const Cancel& cancel,
           const std::function<void(const std::string&)>& ready);

}  // namespace acuity::server
