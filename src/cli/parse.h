// CLI11 set up the same way for every subcommand.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "base/error.h"
#include "cli/commands.h"

namespace acuity::cli {

/// Takes one value each time it is named: those after it may be inputs.
inline CLI::Option* repeatable(CLI::Option* option) {
    return option->expected(1)->allow_extra_args(false)->multi_option_policy(
        CLI::MultiOptionPolicy::TakeAll);
}

/// Takes numbers from `least` to `most`, and says so in the help.
template <typename T>
CLI::Option* between(CLI::Option* option, T least, T most) {
    return option->type_name(fmt::format("{}..{}", least, most))
        ->check(CLI::Range(least, most).description(""));
}

/// What went wrong with one input is no reason to leave the others.
inline bool ofOneInput(const Error& error) {
    return error.kind() != Kind::cancelled && error.kind() != Kind::model &&
           error.kind() != Kind::engine;
}

/// Parses, or returns the exit status when that was all (help) or it went wrong.
inline std::optional<int> parse(CLI::App& app, const Arguments& arguments) {
    try {
        Arguments reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
        app.parse(reversed);
        return std::nullopt;
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        throw Error(Kind::usage, error.what());
    }
}

}  // namespace acuity::cli
