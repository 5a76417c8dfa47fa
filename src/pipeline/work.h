// What will be done to one picture: decided from its header and the options, before any pixel.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "codec/picture.h"
#include "pipeline/session.h"

namespace acuity::pipeline {

struct Step {
    Pass pass;
    std::string model;  // network of the pass; empty when it only resamples
};

struct Work {
    Dimensions source;
    Target target;
    std::vector<Step> steps;
    ops::Kernel kernel = ops::Kernel::lanczos;  // of every resampling
    double dpiX = 0, dpiY = 0;                  // to write; 0: unknown
};

/// Throws Error(usage) when the size asked for cannot be.
Work decide(const codec::Picture& picture, const Session& session);

/// Sentences for --explain: what is done, and why.
std::vector<std::string> explain(const Work& work);

/// One sentence for the picture's own history; `hash` gives a network's SHA-256 by its name.
std::string inShort(const Work& work, const std::function<std::string(const std::string&)>& hash);

/// The same for programs (docs/json.md).
nlohmann::json toJson(const Work& work);

}  // namespace acuity::pipeline
