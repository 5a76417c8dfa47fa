// What was found out about a model by running it, kept in the folder for such things from one start
// to the next.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace acuity::model {

/// The object under `key` in the file of this name, or null. What cannot be read is not known.
nlohmann::json recall(const std::string& file, const std::string& key);

/// Keeps `value` under `key`. Where nothing can be written it is found out again some day.
void remember(const std::string& file, const std::string& key, const nlohmann::json& value);

}  // namespace acuity::model
