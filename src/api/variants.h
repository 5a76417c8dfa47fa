// Ways to enlarge one picture, for `acuity compare`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipeline/options.h"

namespace acuity::api {

struct Variant {
    std::string label;
    std::vector<std::pair<std::string, std::string>> settings;  // option names and values
};

/// Directly, in two steps, and each of them from a picture made half as large first.
std::vector<Variant> classicVariants();

/// Every combination of what "name=value,value;name=value" says. Throws Error(usage).
std::vector<Variant> grid(const std::string& text);

/// `options` with the settings of a variant. Throws Error(usage).
pipeline::Options with(pipeline::Options options, const Variant& variant);

/// The part of its settings that a session is opened with (model, engine and the like): variants of
/// one key can share it.
std::string sessionKey(const Variant& variant);

}  // namespace acuity::api
