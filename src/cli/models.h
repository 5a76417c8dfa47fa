// The parts of `acuity models` that are more than a few lines. Each gives the exit status.
#pragma once

#include <string>

#include "base/cancel.h"

namespace acuity::cli {

struct ModelInfo {
    std::string name;
    bool json = false;
    bool noSpeed = false;
};

/// What a model is, what it costs, and how fast it is here.
int modelInfo(const ModelInfo& request);

struct ModelPull {
    std::string name;
    std::string catalogue;  // "": the one that ships
    bool yes = false;       // agrees to a non-commercial licence
    bool quiet = false;
};

/// Fetches a model of the catalogue into the user's folder.
int modelPull(const ModelPull& request, const Cancel& cancel);

}  // namespace acuity::cli
