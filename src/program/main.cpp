// Entry: picks the subcommand, turns errors into sentences and exit statuses.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <set>

#include "acuity/acuity.h"
#include "base/cancel.h"
#include "base/files.h"
#include "cli/commands.h"
#include "program/serve.h"

namespace {

acuity::Cancel cancel;

void onSignal(int number) {
    cancel.request();
    std::signal(number, SIG_DFL);  // a second one ends it at once
}

int exitStatus(acuity::Kind kind) {
    switch (kind) {
        case acuity::Kind::usage:
            return 2;
        case acuity::Kind::model:
        case acuity::Kind::engine:
            return 3;
        case acuity::Kind::cancelled:
            return 130;
        default:
            return 1;
    }
}

/// "models " where that is what was asked for, or nothing.
std::string commandOf(int argc, char** argv) {
    static const std::set<std::string> known = {"score",   "models",   "roundtrip",
                                                "compare", "diagnose", "serve"};
    return argc > 1 && known.count(argv[1]) ? std::string(argv[1]) + " " : "";
}

int dispatch(acuity::cli::Arguments arguments) {
    using namespace acuity;
    if (!arguments.empty()) {
        const std::string command = arguments.front();
        const cli::Arguments rest(arguments.begin() + 1, arguments.end());
        if (command == "upscale") return cli::upscale(rest, cancel);
        if (command == "score") return cli::score(rest);
        if (command == "models") return cli::models(rest, cancel);
        if (command == "roundtrip") return cli::roundtrip(rest, cancel);
        if (command == "compare") return cli::compare(rest, cancel);
        if (command == "diagnose") return cli::diagnose(rest, cancel);
        if (command == "serve") return program::serve(rest, cancel);
        const auto end = std::find(arguments.begin(), arguments.end(), "--");
        if (std::find(arguments.begin(), end, "--version") != end) {
            fmt::print("acuity {}\n", version());
            return 0;
        }
    } else {
        arguments.push_back("--help");
    }
    return cli::upscale(arguments, cancel);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return dispatch(acuity::cli::Arguments(argv + 1, argv + argc));
    } catch (const acuity::Error& error) {
        fmt::print(stderr, "acuity: {}\n", error.what());
        if (error.kind() == acuity::Kind::usage)
            fmt::print(stderr, "acuity {}--help lists all options\n", commandOf(argc, argv));
        return exitStatus(error.kind());
    } catch (const std::exception& error) {
        fmt::print(stderr, "acuity: {}\n", error.what());
        return 1;
    }
}
