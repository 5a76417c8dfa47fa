// Many pictures: finding them, and working on neighbours at the same time.
#pragma once

#include <functional>

#include "pipeline/job.h"

namespace acuity::pipeline {

struct BatchRequest {
    std::vector<std::string> inputs;  // files, folders, or "-"
    std::string output;               // "", a file, a folder, or "-"
    bool recursive = false;
};

/// The pictures a request stands for, in a stable order. Files inside folders are taken when their
/// extension is one Acuity reads; results of an earlier run that lie beside their inputs are not.
/// Throws Error(usage) when the output cannot serve so many inputs.
std::vector<Item> itemsFor(const BatchRequest& request, const Options& options);

/// Works through all items; `finished` is called in turn, never twice at once, as each ends.
/// Throws Error(cancelled) once everything in progress has been cleaned up.
void runBatch(const std::vector<Item>& items, Session& session, Progress& progress,
              const std::function<void(const Outcome&)>& finished);

}  // namespace acuity::pipeline
