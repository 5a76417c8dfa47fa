#include "program/serve.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "api/values.h"
#include "base/process.h"
#include "cli/parse.h"
#include "cli/table.h"
#include "server/serve.h"

namespace acuity::program {

namespace {

/// $XDG_DATA_HOME/acuity/server, else ~/.local/share/acuity/server.
std::string dataFolder() {
    if (const char* home = std::getenv("XDG_DATA_HOME"); home && *home)
        return std::string(home) + "/acuity/server";
    if (const char* home = std::getenv("HOME"); home && *home)
        return std::string(home) + "/.local/share/acuity/server";
    throw Error(Kind::usage, "say with --data where pictures and results may be stored");
}

/// What concerns the machine. All else is chosen on the page.
bool ofMachine(const api::Option& option) {
    static const std::set<std::string> names = {"engine",  "device", "precision",       "tile",
                                                "threads", "memory", "max-input-pixels"};
    return names.count(option.name);
}

void openBrowser(const std::string& address) {
    const bool screen = std::getenv("DISPLAY") || std::getenv("WAYLAND_DISPLAY");
    if (screen && hasProgram("xdg-open"))
        std::thread([address] { outputOf({"xdg-open", address}); }).detach();
}

}  // namespace

int serve(const cli::Arguments& arguments, const Cancel& cancel) {
    CLI::App app(
        "Starts a page on this machine to enlarge pictures on: drop them, see what Acuity would "
        "do,\n"
        "compare, and download the results. Nothing leaves the machine.",
        "acuity serve");
    app.footer("Example: acuity serve --port 8000 --watch ~/Pictures/incoming");
    server::Config config;
    config.base.maxInputPixels = 1e9;
    bool quietly = false;
    const auto bytes = [](std::uint64_t& to) {
        return [&to](const std::string& text) { to = api::byteCount(text); };
    };
    app.add_option("--host", config.host, "address to listen at (default 127.0.0.1)");
    cli::between(app.add_option("--port", config.port, "port, 0 for any (default 7860)"), 0, 65535);
    app.add_option("--token", config.token,
                   "what others must know to get in; needed with --host of another than this "
                   "machine");
    app.add_option("--data", config.data,
                   "folder for pictures, results and the queue (default: "
                   "~/.local/share/acuity/server)")
        ->type_name("DIR");
    app.add_option("--watch", config.watch,
                   "enlarge what comes into this folder, by the saved settings named 'watch', into "
                   "the folder 'enlarged' inside")
        ->type_name("DIR");
    app.add_option_function<std::string>("--disk", bytes(config.disk),
                                         "bytes that may be stored (default 20G)")
        ->type_name("SIZE");
    app.add_option_function<std::string>("--max-upload", bytes(config.upload),
                                         "largest file taken (default 2G)")
        ->type_name("SIZE");
    cli::between(app.add_option("--keep-days", config.keepDays,
                                "remove results after so many days (default 7)"),
                 1, 36500);
    app.add_flag("--no-browser", quietly, "do not open the page");
    cli::addTable(app, config.base, ofMachine);
    if (const auto status = cli::parse(app, arguments)) return *status;
    if (config.data.empty()) config.data = dataFolder();
    std::filesystem::path data = std::filesystem::absolute(config.data);
    config.data = data.lexically_normal().string();
    server::serve(config, cancel, [&](const std::string& address) {
        fmt::print("Acuity is at {}\nCtrl-C ends it.\n", address);
        std::fflush(stdout);
        if (!quietly) openBrowser(address);
    });
    return 0;
}

}  // namespace acuity::program
