// Settings as they come from outside: a JSON object of option names and values, of which only those
// are taken that can do no harm.
#pragma once

#include <nlohmann/json.hpp>

#include "pipeline/options.h"

namespace acuity::server {

/// Options that settings may name, for those who want to show them: name, value, group, help.
nlohmann::json settingsList();

/// Checks settings and drops those that are null. Throws Error(usage) naming what is wrong.
nlohmann::json checked(const nlohmann::json& settings);

/// `base` with checked settings. Throws Error(usage).
pipeline::Options with(pipeline::Options base, const nlohmann::json& settings);

/// The part of settings that a session is opened with: those of one key can share it.
std::string sessionKey(const nlohmann::json& settings);

}  // namespace acuity::server
