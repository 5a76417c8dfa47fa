// CLI11 set up the same way for every subcommand.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "base/error.h"
#include "cli/commands.h"

namespace acuity::cli {

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
