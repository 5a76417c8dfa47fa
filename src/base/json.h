// JSON as text. Names of files may hold any bytes, JSON holds UTF-8 only: what is no UTF-8 is
// replaced instead of thrown at.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace acuity {

/// On one line, or with this indentation.
inline std::string jsonText(const nlohmann::json& value, int indent = -1) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace acuity
