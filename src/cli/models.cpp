// `acuity models list | info NAME | verify`
#include <fmt/format.h>

#include <iostream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "engine/engine.h"
#include "model/model.h"

namespace acuity::cli {
namespace {

int list(bool json) {
    nlohmann::json all = nlohmann::json::array();
    for (const model::Model& m : model::catalogue()) {
        all.push_back({{"name", m.name},
                       {"scale", m.facts.scale},
                       {"summary", m.card.value("summary", "")},
                       {"licence", m.card.value("licence", "")}});
        if (!json)
            fmt::print("{:<14} {:<4} {}\n", m.name,
                       m.facts.scale > 1 ? fmt::format("x{}", m.facts.scale) : "any",
                       m.card.value("summary", ""));
    }
    if (json) std::cout << all.dump(1) << "\n";
    return 0;
}

int info(const std::string& name, bool json) {
    const auto engine = engine::openEngine("cpu");
    const model::Model m = model::load(name, engine.get());
    if (json) {
        nlohmann::json card = m.card;
        card["name"] = m.name;
        card["scale"] = m.facts.scale;
        card["halo"] = m.facts.halo;
        std::cout << card.dump(1) << "\n";
        return 0;
    }
    fmt::print("{}\n", m.name);
    if (m.interpolation) {
        fmt::print("  {}\n", m.card.value("summary", ""));
        return 0;
    }
    fmt::print("  enlarges by {}, sees {} pixels around each, {} kB of weights\n", m.facts.scale,
               m.facts.halo, m.onnx.size() / 1024);
    for (const auto& [key, value] : m.card.items()) {
        const bool plain = value.is_string();
        fmt::print("  {:<12} {}\n", key, plain ? value.get<std::string>() : value.dump());
    }
    return 0;
}

int verify() {
    int bad = 0;
    for (const model::Model& m : model::catalogue()) {
        if (m.interpolation) continue;
        try {
            model::verify(model::load(m.name, nullptr));
            fmt::print("{}: good\n", m.name);
        } catch (const Error& error) {
            fmt::print(stderr, "acuity: {}\n", error.what());
            bad++;
        }
    }
    return bad ? 1 : 0;
}

}  // namespace

int models(const Arguments& arguments) {
    CLI::App app("The models that can be named with -m.", "acuity models");
    app.require_subcommand(1);
    bool json = false;
    std::string name;
    auto* listing = app.add_subcommand("list", "names, factors and what they are for");
    auto* about = app.add_subcommand("info", "the card of a model: data, recipe, scores, licence");
    auto* check = app.add_subcommand("verify", "whether the weights are those of the cards");
    listing->add_flag("--json", json);
    about->add_flag("--json", json);
    about->add_option("NAME", name, "name or .onnx file")->required();
    if (const auto status = parse(app, arguments)) return *status;
    if (*listing) return list(json);
    if (*about) return info(name, json);
    return *check ? verify() : 2;
}

}  // namespace acuity::cli
