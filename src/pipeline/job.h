// One picture from file to file.
#pragma once

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "pipeline/session.h"

namespace acuity::pipeline {

/// Where a picture comes from and goes to. "-" is standard input or output.
struct Item {
    std::string input;
    std::string output;  // final path, or "" when the name depends on the picture (see outputFor)
    std::string folder;  // with output "": the folder the result goes to; "" is the input's own
};

enum class Status { done, skipped, exists, failed };

struct Outcome {
    Status status = Status::failed;
    std::string input, output;
    std::string message;             // why it failed, or was not written
    Kind kind = Kind::internal;      // of the failure
    std::vector<std::string> notes;  // what was given up
    std::vector<std::string> explanation;
    nlohmann::json json;  // one object for programs
};

/// Counters a progress display reads while jobs run, in output pixels.
struct Progress {
    std::atomic<std::int64_t> total{0}, done{0};
};

/// The path a result goes to when the person did not name it: beside the input as NAME-4x.EXT, or
/// under its own name in the output folder.
std::string outputFor(const Item& item, codec::Format format, double factor,
                      const Options& options);

/// Format to write: --format, else by the output's extension, else the input's own, else PNG.
codec::Format formatFor(const Item& item, codec::Format input, const Options& options);

/// Never throws for what one picture can cause; Error(cancelled) passes through.
Outcome enlargeFile(const Item& item, Session& session, Progress& progress);

}  // namespace acuity::pipeline
