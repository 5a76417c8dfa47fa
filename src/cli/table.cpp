#include "cli/table.h"

namespace acuity::cli {

void addTable(CLI::App& app, pipeline::Options& options,
              const std::function<bool(const api::Option&)>& wanted) {
    for (const api::Option& option : api::optionTable()) {
        if (!wanted(option)) continue;
        const std::string name = option.name, flags = option.flags;
        const bool later = std::string(option.group) == "Later";
        CLI::Option* added = nullptr;
        if (*option.value || later) {
            const auto set = [&options, name](const std::vector<std::string>& values) {
                for (const std::string& value : values) api::setOption(options, name, value);
            };
            using Policy = CLI::MultiOptionPolicy;
            added = app.add_option_function<std::vector<std::string>>(flags, set, option.help)
                        ->type_name(option.value)
                        ->expected(1)
                        ->allow_extra_args(false)
                        ->multi_option_policy(option.repeats ? Policy::TakeAll : Policy::TakeLast);
        } else {
            const auto set = [&options, name](std::int64_t) {
                api::setOption(options, name, "on");
            };
            added = app.add_flag_function(flags, set, option.help);
        }
        added->group(later ? "" : option.group);
    }
}

}  // namespace acuity::cli
