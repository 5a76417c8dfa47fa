// A plan for one picture, and what of the picture itself the work needs.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "codec/picture.h"
#include "pipeline/session.h"
#include "plan/plan.h"

namespace acuity::pipeline {

using plan::Binding;
using plan::Step;

struct Work : plan::Plan {
    double dpiX = 0, dpiY = 0;  // to write; 0: unknown
    /// Where lettering is, for each frame (diagnose/text.h); none where it has none.
    std::vector<vips::VImage> masks;
    nlohmann::json findings = nlohmann::json::object();  // what was measured
};

/// What a picture's header shows. `history` is what an earlier run wrote into it, or nothing.
plan::Evidence evidenceOf(const codec::Picture& picture, const codec::Provenance* history);

/// The plan by what is known before the pixels are. `options` are the session's, or such that
/// differ in what concerns one picture. Throws Error(usage) when the size asked for cannot be.
Work decide(const codec::Picture& picture, const plan::Evidence& evidence, const Options& options,
            const Session& session);

/// The plan with all the measures that it wants. `picture` must have been decoded to random access.
Work look(const codec::Picture& picture, plan::Evidence evidence, const Options& options,
          Session& session);

/// One sentence for the picture's own history; `hash` gives a network's SHA-256 by its name.
std::string inShort(const Work& work, const std::function<std::string(const std::string&)>& hash);

/// For programs (docs/json.md).
nlohmann::json toJson(const Work& work);

}  // namespace acuity::pipeline
