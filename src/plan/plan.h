// What will be done to one picture, as a value: decided by a pure function from what is known about
// the picture, the models that are there and what the person asked for. Nothing here opens a file
// or runs a network; where a measure is missing, the plan says which.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "codec/provenance.h"
#include "diagnose/damage.h"
#include "diagnose/reduction.h"
#include "ops/kernels.h"
#include "plan/cleaning.h"
#include "plan/geometry.h"

namespace acuity::plan {

/// What -m stands for: an interpolation, or networks by their scale.
struct ModelChoice {
    std::string name;
    std::optional<ops::Kernel> kernel;
    std::map<int, std::string> networks;  // scale to name or file
    bool ours = false;                    // networks that ship with Acuity
};

struct Catalogue {
    ModelChoice chosen;
    std::optional<ModelChoice> faithful;  // the models that invent nothing, if they are there
    std::string cleaner;                  // the network that cleans, if it is there
};

/// What the person asked for of the plan; nothing stands for "as the picture needs it".
struct Wishes {
    SizeRequest size;
    int passes = 0;                                  // 0: as few as the networks need
    std::optional<double> consistency;               // 0 to 1
    std::optional<ops::Kernel> reducedBy;            // what made it small
    std::optional<double> prescale;                  // share of the sides kept
    std::optional<double> noise, blur, compression;  // to take away, 0 to 1
    bool protectText = true;
};

enum class Measure { damage, reduction, damageBefore, reductionBefore, lettering };

/// What is known about the picture. Measures come when a plan wants them.
struct Evidence {
    Dimensions source;
    std::optional<codec::Provenance> history;  // what an earlier run wrote into it
    int jpegQuality = 0;                       // as its own table says; 0: it is no JPEG file
    bool linear = false;                       // light itself, of which nothing is measured
    bool pages = false;  // several pictures in one, of which the first is measured
    std::optional<diagnose::Damage> damage;
    std::optional<diagnose::Reduction> reduction;
    /// The same of what it was before a former enlargement, once that is undone.
    std::optional<diagnose::Damage> damageBefore;
    std::optional<diagnose::Reduction> reductionBefore;
    std::optional<double> textShare;  // of its area
};

struct Step {
    Pass pass;
    std::string model;  // network of the pass; empty when it only resamples
    bool operator==(const Step&) const = default;
};

/// The result is bound to what it was enlarged from (ops/consistency.h).
struct Binding {
    ops::Kernel reduction = ops::Kernel::bicubic;
    double strength = 0;  // 0: not bound
    double letters = 0;   // the same where lettering is
    bool operator==(const Binding&) const = default;
};

/// Lettering that is treated apart from the rest.
struct Lettering {
    bool apart = false;
    std::vector<Step> steps;  // there instead of the others; empty: the same ones
    bool operator==(const Lettering&) const = default;
};

struct Plan {
    Dimensions source;                  // of the input
    std::optional<ops::Kernel> undoes;  // the enlargement of it that is undone before all else
    Cleaning cleaning;                  // of the input, or of what it was before that
    std::string cleaner;                // the network that does it
    Dimensions start;                   // what is enlarged: the input, or made smaller
    ops::Kernel shrinking = ops::Kernel::bicubic;  // from source to start, where nothing is undone
    std::string because;                           // it is made smaller; "" where it was asked for
    double enlargedBefore = 1;                     // of what it was enlarged by, what is left
    Target target;
    std::vector<Step> steps;
    ops::Kernel kernel = ops::Kernel::lanczos;  // of every resampling
    bool ours = false;                          // the networks ship with Acuity
    Binding binding;
    Lettering lettering;
    std::vector<std::string> reasons;  // sentences about the two, for --explain
    std::optional<Measure> wanted;     // the plan may be another one once this is known

    bool operator==(const Plan&) const = default;
};

/// Throws Error(usage) when the size asked for cannot be, Error(model) when the faithful models
/// would be needed and are not there.
Plan decide(const Evidence& evidence, const Wishes& wishes, const Catalogue& catalogue);

/// The passes from plan.start to plan.target with the networks of a choice.
std::vector<Step> stepsWith(const ModelChoice& choice, const Plan& plan, int passes);

/// Sentences for --explain: what is done, and why.
std::vector<std::string> explain(const Plan& plan);

/// For programs (docs/json.md).
nlohmann::json toJson(const Plan& plan);

/// Reads what toJson wrote. Throws Error(input) naming a field that is missing, unknown, or of the
/// wrong kind.
Plan fromJson(const nlohmann::json& object);

}  // namespace acuity::plan
