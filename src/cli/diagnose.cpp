// `acuity diagnose`: what pictures show about themselves, and what Acuity would do about it.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "cli/table.h"
#include "codec/load.h"
#include "codec/provenance.h"
#include "pipeline/batch.h"
#include "pipeline/diagnosis.h"
#include "pipeline/work.h"

namespace acuity::cli {
namespace {

using nlohmann::json;

struct Request {
    pipeline::BatchRequest batch;
    pipeline::Options options;
    bool json = false;
};

struct Findings {
    pipeline::Diagnosis diagnosis;
    pipeline::Work work;
};

/// Files that were not decoded as a whole show their damage only now.
Findings measured(const codec::Picture& picture, const std::optional<codec::Provenance>& history,
                  const std::string& input, const Request& request, pipeline::Session& session) {
    const auto damaged = [&](const char* why) {
        return Error(Kind::input, inQuotes(input) + " is damaged: " + why);
    };
    try {
        Findings found{pipeline::diagnosisOf(picture, session), {}};
        const plan::Evidence evidence =
            pipeline::evidenceOf(picture, history ? &*history : nullptr, found.diagnosis);
        found.work = pipeline::look(picture, evidence, request.options, session);
        return found;
    } catch (const Error& error) {
        if (!picture.inParts || error.kind() != Kind::input) throw;
        throw damaged(error.what());
    } catch (const vips::VError& error) {
        session.cancel()->check();
        throw damaged(error.what());
    }
}

/// Prints one picture's diagnosis. Throws Error.
void diagnoseOne(const std::string& input, const Request& request, pipeline::Session& session) {
    codec::LoadOptions load;
    load.page = std::max(0, request.options.page);
    load.maxPixels = request.options.maxInputPixels;
    load.memory = session.memory() / 2;
    load.share = 1.0 / 2;
    load.salvage = request.options.salvage;
    load.samples = true;
    load.cancel = session.cancel();
    codec::Picture picture = codec::open(input, load);
    const auto history = codec::provenanceOf(picture.metadata.xmp);
    const auto ready = pipeline::preparing(picture, session);
    codec::decode(picture, input, load);
    const auto [found, work] = measured(picture, history, input, request, session);
    if (request.json) {
        const json object = {{"input", input},
                             {"width", picture.width()},
                             {"height", picture.height()},
                             {"diagnosis", toJson(found)},
                             {"plan", toJson(work)}};
        std::cout << jsonText(object) << std::endl;
        return;
    }
    fmt::print("{}  {}x{}, {} bits\n", inQuotes(input), picture.width(), picture.height(),
               picture.depth());
    if (history)
        fmt::print(
            "  already {} by Acuity, as it says itself\n",
            history->factor > 1 ? fmt::format("enlarged {:.3g}x", history->factor) : "worked on");
    for (const std::string& line : sentences(found)) fmt::print("  {}\n", line);
    fmt::print("  Acuity would do this:\n");
    for (const std::string& line : explain(work)) fmt::print("    {}\n", line);
    std::fflush(stdout);
}

bool wanted(const api::Option& option) {
    const std::string group = option.group, name = option.name;
    return (group != "Files" || name == "page" || name == "salvage" ||
            name == "max-input-pixels") &&
           name != "dry-run";
}

}  // namespace

int diagnose(const Arguments& arguments, const Cancel& cancel) {
    CLI::App app(
        "Measures pictures: true resolution, noise, compression, former enlargement, lettering;\n"
        "and says what acuity would do about it. Takes acuity's options of size and choice.",
        "acuity diagnose");
    Request request;
    app.add_option("INPUT", request.batch.inputs, "pictures or folders")->required();
    app.add_flag("-r,--recursive", request.batch.recursive, "folders with all they hold");
    app.add_flag("--json", request.json, "one JSON object per picture");
    addTable(app, request.options, wanted);
    if (const auto status = parse(app, arguments)) return *status;
    pipeline::Session session(request.options, &cancel);
    bool failed = false;
    for (const pipeline::Item& item : pipeline::itemsFor(request.batch, request.options)) {
        try {
            cancel.check();
            diagnoseOne(item.input, request, session);
        } catch (const Error& error) {
            if (!ofOneInput(error)) throw;
            fmt::print(stderr, "acuity: {}\n", naming(item.input, error.what()));
            failed = true;
        }
    }
    return failed ? 1 : 0;
}

}  // namespace acuity::cli
