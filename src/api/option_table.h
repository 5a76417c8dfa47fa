// All options, declared once: the command line and the library both derive from this table.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pipeline/options.h"

namespace acuity::api {

struct Option {
    const char* name;   // long name without dashes
    const char* flags;  // as CLI11 takes them: "-s,--scale"
    const char* value;  // what the value is called in the help; "" for a flag
    const char* group;
    const char* help;
    /// Throws Error(usage); flags are called with "on" or "off".
    std::function<void(pipeline::Options&, const std::string&)> apply;
    bool repeats = false;  // each occurrence counts, not only the last
};

const std::vector<Option>& optionTable();

/// Sets one option by its long name. Throws Error(usage) naming the option.
void setOption(pipeline::Options& options, const std::string& name, const std::string& value);

}  // namespace acuity::api
