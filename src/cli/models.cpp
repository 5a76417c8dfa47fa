// `acuity models list | info NAME | add FILE | pull NAME | verify | remove NAME`
#include "cli/models.h"

#include <fmt/format.h>

#include <iostream>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "engine/engine.h"
#include "model/catalogue_file.h"
#include "model/library.h"

namespace acuity::cli {
namespace {

using nlohmann::json;

constexpr const char* kNotCommercial = "not for commercial use";

std::string factor(int scale) {
    return scale > 0 ? fmt::format("x{}", scale) : "any";
}

void line(const std::string& name, int scale, const std::string& text) {
    std::cout << fmt::format("{:<26} {:<4} {}\n", name, factor(scale), text);
}

std::string originOf(const model::Model& m) {
    return m.interpolation ? "interpolation" : m.own ? "user" : "shipped";
}

/// A licence with its warning, then what the model is for.
std::string described(const std::string& licence, bool noncommercial, const std::string& summary) {
    return fmt::format("{} [{}{}{}]", summary, licence, noncommercial ? ", " : "",
                       noncommercial ? kNotCommercial : "");
}

/// Entries of the catalogue that are not there yet. A broken catalogue is told, no more.
std::vector<model::Entry> offered(const std::vector<model::Model>& there) {
    std::vector<model::Entry> entries;
    try {
        entries = model::readCatalogue();
    } catch (const Error& error) {
        fmt::print(stderr, "acuity: {}\n", error.what());
    }
    std::erase_if(entries, [&](const model::Entry& entry) {
        return std::any_of(there.begin(), there.end(),
                           [&](const model::Model& m) { return m.name == entry.name; });
    });
    return entries;
}

json listed(const model::Model& m) {
    return {{"name", m.name},
            {"scale", m.facts.scale},
            {"summary", m.card.value("summary", "")},
            {"licence", m.card.value("licence", "")},
            {"origin", originOf(m)},
            {"noncommercial", m.card.value("noncommercial", false)}};
}

json listed(const model::Entry& entry) {
    return {{"name", entry.name},         {"scale", entry.scale},
            {"summary", entry.summary},   {"licence", entry.licence},
            {"origin", "catalogue"},      {"noncommercial", entry.noncommercial},
            {"homepage", entry.homepage}, {"can_be_pulled", !entry.files.empty()}};
}

int list(bool asJson) {
    const auto there = model::catalogue();
    const auto known = offered(there);
    if (asJson) {
        json all = json::array();
        for (const auto& m : there) all.push_back(listed(m));
        for (const auto& entry : known) all.push_back(listed(entry));
        std::cout << jsonText(all, 1) << "\n";
        return 0;
    }
    bool first = true;
    for (const auto& m : there) {
        if (m.own && first) std::cout << "\nYours, in " << model::userFolder() << ":\n";
        if (m.interpolation && first) std::cout << "\nWithout weights:\n";
        first = &m == &there.back() || originOf(m) != originOf(*(&m + 1));
        const std::string summary = m.card.value("summary", "");
        line(m.name, m.interpolation ? 0 : m.facts.scale,
             m.own ? described(m.card.value("licence", "unknown"),
                               m.card.value("noncommercial", false), summary)
                   : summary);
    }
    for (const bool byItself : {true, false}) {
        std::cout << (byItself ? "\nKnown; `acuity models pull NAME` fetches them:\n"
                               : "\nKnown; to be fetched by hand and added:\n");
        for (const auto& entry : known)
            if (entry.files.empty() != byItself)
                line(entry.name, entry.scale,
                     described(entry.licence, entry.noncommercial,
                               byItself ? entry.summary : entry.homepage));
    }
    return 0;
}

int verify() {
    int bad = 0;
    const auto check = [&](const std::string& name, const auto& act) {
        try {
            act();
            fmt::print("{}: good\n", name);
        } catch (const Error& error) {
            fmt::print(stderr, "acuity: {}\n", error.what());
            bad++;
        }
    };
    for (const model::Model& m : model::catalogue())
        if (!m.interpolation && !m.own)
            check(m.name, [&] { model::verify(model::load(m.name, nullptr)); });
    std::vector<std::string> complaints;
    for (const model::OwnModel& own : model::ownModels(&complaints))
        check(own.name, [&] { model::verify(own); });
    for (const std::string& complaint : complaints) fmt::print(stderr, "acuity: {}\n", complaint);
    return bad || !complaints.empty() ? 1 : 0;
}

/// NAME=VALUE pairs of --model-option.
architectures::Options optionsFrom(const std::vector<std::string>& pairs) {
    architectures::Options options;
    for (const std::string& pair : pairs) {
        const std::size_t at = pair.find('=');
        if (at == std::string::npos || at == 0)
            throw Error(Kind::usage, "--model-option takes NAME=VALUE, not " + inQuotes(pair));
        options[pair.substr(0, at)] = pair.substr(at + 1);
    }
    return options;
}

int add(model::Addition addition, const std::string& licence) {
    if (!licence.empty()) addition.facts["licence"] = licence;
    const auto engine = engine::openEngine("cpu");
    const model::OwnModel own = model::add(addition, *engine);
    fmt::print("{} enlarges by {} and can be named with -m now\n", own.name,
               own.card.at("scale").get<int>());
    return 0;
}

int remove(const std::string& name) {
    model::remove(name);
    fmt::print("{} is removed\n", name);
    return 0;
}

}  // namespace

int models(const Arguments& arguments, const Cancel& cancel) {
    CLI::App app("The models that can be named with -m.", "acuity models");
    app.require_subcommand(1);
    bool json = false;
    std::string licence, removed;
    std::vector<std::string> options;
    model::Addition addition;
    ModelInfo about;
    ModelPull wanted;

    auto* listing = app.add_subcommand("list", "names, factors, licences and what they are for");
    listing->add_flag("--json", json);

    auto* info = app.add_subcommand("info", "card, size, cost and speed of a model");
    info->add_option("NAME", about.name, "name or model file")->required();
    info->add_flag("--json", about.json);
    info->add_flag("--no-speed", about.noSpeed, "do not measure how fast it is here");

    auto* adding = app.add_subcommand("add", "copy a model file into your folder of models");
    adding->add_option("FILE", addition.file, "model file; for ncnn either of the pair")
        ->required();
    adding->add_option("--name", addition.name, "its name; by default that of the file");
    adding->add_option("--licence,--license", licence, "its licence, e.g. CC-BY-4.0");
    repeatable(adding->add_option("--model-option", options,
                                  "NAME=VALUE: what the file does not say itself"));

    auto* pulling = app.add_subcommand("pull", "fetch a model of the catalogue");
    pulling->add_option("NAME", wanted.name, "as `acuity models list` shows it")->required();
    pulling->add_option("--catalogue", wanted.catalogue, "another catalogue, a JSON file");
    pulling->add_flag("--yes", wanted.yes, "agree to a licence that forbids commercial use");
    pulling->add_flag("-q,--quiet", wanted.quiet, "no progress");

    auto* check = app.add_subcommand("verify", "whether the weights are those of the cards");

    auto* removing = app.add_subcommand("remove", "take a model out of your folder of models");
    removing->add_option("NAME", removed)->required();

    if (const auto status = parse(app, arguments)) return *status;
    addition.options = optionsFrom(options);
    if (*listing) return list(json);
    if (*info) return modelInfo(about);
    if (*adding) return add(addition, licence);
    if (*pulling) return modelPull(wanted, cancel);
    if (*removing) return remove(removed);
    return *check ? verify() : 2;
}

}  // namespace acuity::cli
