// CLI11 set up the same way for every subcommand.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"

namespace acuity::cli {

/// Takes one value each time it is named: those after it may be inputs.
inline CLI::Option* repeatable(CLI::Option* option) {
    return option->expected(1)->allow_extra_args(false)->multi_option_policy(
        CLI::MultiOptionPolicy::TakeAll);
}

/// What went wrong with one input is no reason to leave the others.
inline bool ofOneInput(const Error& error) {
    return error.kind() != Kind::cancelled && error.kind() != Kind::model &&
           error.kind() != Kind::engine;
}

/// The error's sentence, with the input's name if it is not in it yet.
inline std::string naming(const std::string& input, const Error& error) {
    const std::string sentence = error.what(), name = inQuotes(input);
    return sentence.find(name) == std::string::npos ? name + ": " + sentence : sentence;
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
