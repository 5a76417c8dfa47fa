// What will be done to one picture: decided from its header, its history and the options, and then
// from what its pixels show (pipeline/look.h).
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "codec/picture.h"
#include "codec/provenance.h"
#include "pipeline/session.h"

namespace acuity::pipeline {

struct Step {
    Pass pass;
    std::string model;  // network of the pass; empty when it only resamples
};

/// The result is bound to what it was enlarged from (ops/consistency.h).
struct Binding {
    ops::Kernel reduction = ops::Kernel::bicubic;
    double strength = 0;  // 0: not bound
    double letters = 0;   // the same where lettering is
};

/// Lettering that is treated apart from the rest.
struct Lettering {
    std::vector<vips::VImage> masks;  // for each frame (diagnose/text.h); none where it has none
    std::vector<Step> steps;          // there instead of the others; empty: the same ones
    double share = 0;                 // of the picture's area
};

struct Work {
    Dimensions source;                             // of the input
    Dimensions start;                              // what is enlarged: the input, or made smaller
    ops::Kernel shrinking = ops::Kernel::bicubic;  // from source to start
    bool back = false;                             // that undoes an earlier enlargement
    double enlargedBefore = 1;                     // of what it was enlarged by, what is left
    Target target;
    std::vector<Step> steps;
    ops::Kernel kernel = ops::Kernel::lanczos;  // of every resampling
    double dpiX = 0, dpiY = 0;                  // to write; 0: unknown
    bool ours = false;                          // the networks ship with Acuity

    Binding binding;
    Lettering lettering;
    std::vector<std::string> reasons;  // sentences about the two, for --explain
    nlohmann::json findings = nlohmann::json::object();
};

/// `history` is what an earlier run wrote into the picture, or nothing; `options` are the
/// session's, or such that differ in what concerns one picture. Throws Error(usage) when the size
/// asked for cannot be.
Work decide(const codec::Picture& picture, const codec::Provenance* history, const Options& options,
            const Session& session);

/// The passes from work.start to work.target with the networks of a choice.
std::vector<Step> stepsWith(const ModelChoice& choice, const Work& work, const Options& options);

/// Sentences for --explain: what is done, and why.
std::vector<std::string> explain(const Work& work);

/// One sentence for the picture's own history; `hash` gives a network's SHA-256 by its name.
std::string inShort(const Work& work, const std::function<std::string(const std::string&)>& hash);

/// The same for programs (docs/json.md).
nlohmann::json toJson(const Work& work);

}  // namespace acuity::pipeline
