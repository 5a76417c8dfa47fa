// `acuity [upscale] INPUT... [-o OUT]`
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/display.h"
#include "cli/parse.h"
#include "cli/table.h"
#include "pipeline/batch.h"

namespace acuity::cli {
namespace {

using pipeline::Outcome;
using pipeline::Status;

/// What only the command line knows.
struct Request {
    pipeline::BatchRequest batch;
    pipeline::Options options;
    std::vector<std::string> lists;
    bool quiet = false, json = false, explain = false;
};

void readList(const std::string& path, std::vector<std::string>& inputs) {
    const std::string text =
        path == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : readFile(path);
    // One name a line; names that hold newlines are separated by NUL, as `find -print0` does.
    const char separator = text.find('\0') != std::string::npos ? '\0' : '\n';
    std::size_t from = 0;
    while (from < text.size()) {
        const std::size_t end = std::min(text.find(separator, from), text.size());
        std::size_t last = end;
        if (separator == '\n' && last > from && text[last - 1] == '\r') last--;  // of Windows
        if (last > from) inputs.push_back(text.substr(from, last - from));
        from = end + 1;
    }
}

std::string summary(const Outcome& outcome) {
    const auto& j = outcome.json;
    if (!j.contains("seconds")) return "";
    std::string text =
        fmt::format("{} -> {}  {}x{}", inQuotes(outcome.input), inQuotes(outcome.output),
                    j.value("outputWidth", 0), j.value("outputHeight", 0));
    const double seconds = j.value("seconds", 0.0);
    return text +
           fmt::format("  {:.2f} s, {:.1f} MP/s", seconds, j.value("megapixelsPerSecond", 0.0));
}

class Report {
  public:
    Report(const Request& request, Display& display) : request_(request), display_(display) {}

    void add(const Outcome& outcome) {
        display_.finishedOne();
        count(outcome);
        if (request_.json) {
            nlohmann::json object = outcome.json;
            if (request_.explain) object["explanation"] = outcome.explanation;
            std::cout << jsonText(object) << std::endl;
        }
        const bool bad = outcome.status == Status::failed || outcome.status == Status::exists;
        if (bad) {
            const std::string line = "acuity: " + outcome.message;
            // In a batch they are named at the end, where they can be seen.
            problems_.push_back(line);
        } else if (outcome.status == Status::skipped) {
            display_.line("skipped: " + outcome.message, false);
        } else if (!request_.json) {
            if (request_.explain || request_.options.dryRun) explain(outcome);
            const std::string line = summary(outcome);
            if (!line.empty()) display_.line(line, false);
        }
        for (const std::string& note : outcome.notes) display_.line("  note: " + note, false);
    }

    void problems() const {
        for (const std::string& line : problems_) display_.line(line, true);
    }

    int status() const {
        if (!problems_.empty()) return onlyUnstarted_ && !done_ ? 3 : 1;
        return 0;
    }

  private:
    void count(const Outcome& outcome) {
        const bool good = outcome.status == Status::done || outcome.status == Status::skipped;
        if (good) done_++;
        const bool unstarted = outcome.status == Status::failed &&
                               (outcome.kind == Kind::model || outcome.kind == Kind::engine);
        if (!good && !unstarted) onlyUnstarted_ = false;
    }

    void explain(const Outcome& outcome) const {
        // To standard error when the picture itself goes to standard output.
        auto& out = outcome.output == "-" ? std::cerr : std::cout;
        out << inQuotes(outcome.input) << ":\n";
        for (const std::string& line : outcome.explanation) out << "  " << line << "\n";
        out.flush();
    }

    const Request& request_;
    Display& display_;
    std::vector<std::string> problems_;
    int done_ = 0;
    bool onlyUnstarted_ = true;
};

int run(const Request& request, const Cancel& cancel) {
    const auto items = pipeline::itemsFor(request.batch, request.options);
    const auto shown = [](const pipeline::Item& item) { return item.output == "-"; };
    if (request.json && std::any_of(items.begin(), items.end(), shown))
        throw Error(Kind::usage,
                    "--json and the picture both want standard output; name a file with -o");
    if (!request.options.dryRun && std::any_of(items.begin(), items.end(), shown) &&
        isatty(STDOUT_FILENO))
        throw Error(Kind::usage, "a picture is nothing to read on a terminal; name a file with -o");
    pipeline::Session session(request.options, &cancel);
    pipeline::Progress progress;
    Display display(progress, items.size(), request.quiet || request.options.dryRun);
    Report report(request, display);
    try {
        pipeline::runBatch(items, session, progress,
                           [&](const Outcome& outcome) { report.add(outcome); });
    } catch (...) {
        report.problems();
        throw;
    }
    report.problems();
    return report.status();
}

}  // namespace

int upscale(const Arguments& arguments, const Cancel& cancel) {
    CLI::App app(
        "Enlarges pictures with neural networks.\n"
        "Other commands: acuity serve (a page to do it on), acuity diagnose, acuity compare,\n"
        "acuity models, acuity roundtrip, acuity score (see their --help).",
        "acuity");
    app.footer("Example: acuity photo.jpg -s 4 -o large.tif");
    Request request;
    auto& batch = request.batch;
    app.add_option("INPUT", batch.inputs, "pictures or folders; - is standard input");
    app.add_option("-o,--output", batch.output, "file or folder; - is standard output")
        ->type_name("OUT")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.add_flag("-r,--recursive", batch.recursive, "folders with all they hold");
    repeatable(
        app.add_option("--files-from", request.lists, "take inputs from a list, a line each"))
        ->type_name("LIST");
    app.add_flag("--quiet", request.quiet, "only errors");
    app.add_flag("--json", request.json, "one JSON object per picture on standard output");
    app.add_flag("--explain", request.explain, "say what is done, and why");
    app.add_flag_function(
        "--version", [](std::int64_t) {}, "print the version");
    addTable(app, request.options, [](const api::Option&) { return true; });
    if (const auto status = parse(app, arguments)) return *status;
    for (const std::string& list : request.lists) readList(list, batch.inputs);
    if (batch.inputs.empty()) throw Error(Kind::usage, "name a picture or a folder to enlarge");
    if (request.options.overwrite && request.options.skipExisting)
        throw Error(Kind::usage, "--overwrite and --skip-existing contradict each other");
    return run(request, cancel);
}

}  // namespace acuity::cli
