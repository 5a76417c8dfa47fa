#include <fmt/format.h>

#include <iostream>
#include <set>

#include "base/json.h"
#include "base/system.h"
#include "cli/models.h"
#include "engine/engine.h"
#include "model/graph_summary.h"
#include "model/tuning.h"

namespace acuity::cli {
namespace {

using nlohmann::json;

// Of the card: what other lines say already, or what is of no interest to a person.
const std::set<std::string> kShown{"scale", "halo", "files"};

/// A count in three digits: "599 k", "16.7 M".
std::string rounded(double number) {
    for (const char* unit : {"", " k", " M"}) {
        if (number < 999.5)
            return fmt::format(fmt::runtime(*unit && number < 99.95 ? "{:.1f}{}" : "{:.0f}{}"),
                               number, unit);
        number /= 1000;
    }
    return fmt::format("{:.1f} G", number);
}

struct Speed {
    double megapixels = 0;  // of input, each second
    int tile = 0, threads = 0;
    std::string precision;
};

Speed measure(const model::Model& model, const std::shared_ptr<engine::Engine>& engine,
              double operations) {
    engine::Settings settings;
    settings.precision = engine->preferred();
    settings.threads = coreCount();
    settings.streams = 1;
    model::Runner runner(model, engine, settings);
    const int tile = operations > 4e6 ? 32 : 96;  // a second or so even for the largest
    const double nanoseconds = model::measureTile(runner, tile, 2);
    return {1e3 / nanoseconds, tile, settings.threads, engine::name(settings.precision)};
}

json asJson(const model::Model& m, const model::GraphSummary& graph,
            const std::optional<Speed>& speed) {
    json all = m.card;
    all["name"] = m.name;
    all["scale"] = m.facts.scale;
    all["halo"] = m.facts.halo;
    all["align"] = m.facts.align;
    if (m.interpolation) return all;
    all["parameters"] = graph.parameters;
    all["stored"] = graph.stored;
    all["operations_per_pixel"] = graph.operationsPerPixel;
    all["operations_complete"] = graph.uncounted == 0;
    all["operators"] = graph.operators;
    if (speed)
        all["speed"] = {{"megapixels_per_second", speed->megapixels},
                        {"tile", speed->tile},
                        {"threads", speed->threads},
                        {"precision", speed->precision}};
    return all;
}

void show(const char* key, const std::string& value) {
    fmt::print("  {:<12} {}\n", key, value);
}

/// Operators, the most frequent first.
std::string operatorsOf(const model::GraphSummary& graph) {
    std::vector<std::pair<int, std::string>> sorted;
    for (const auto& [name, count] : graph.operators) sorted.emplace_back(-count, name);
    std::sort(sorted.begin(), sorted.end());
    std::string text;
    for (const auto& [count, name] : sorted)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", -count, name);
    return text;
}

void print(const model::Model& m, const model::GraphSummary& graph,
           const std::optional<Speed>& speed) {
    fmt::print("{}\n", m.name);
    if (m.interpolation) {
        fmt::print("  {}\n", m.card.value("summary", ""));
        return;
    }
    fmt::print("  enlarges by {}, sees {} pixels around each, {} kB of weights\n", m.facts.scale,
               m.facts.halo, m.onnx.size() / 1024);
    show("parameters", fmt::format("{}, most of them stored as {}", rounded(graph.parameters),
                                   graph.stored.empty() ? "nothing" : graph.stored));
    show("operations",
         fmt::format("about {} multiply-adds per pixel of the input{}",
                     rounded(graph.operationsPerPixel),
                     graph.uncounted
                         ? fmt::format(", and {} products whose size is not known", graph.uncounted)
                         : ""));
    show("operators", operatorsOf(graph));
    if (speed)
        show("speed here",
             fmt::format("about {:.3g} megapixels of input per second ({}, {} "
                         "threads, tiles of {})",
                         speed->megapixels, speed->precision, speed->threads, speed->tile));
    for (const auto& [key, value] : m.card.items())
        if (!kShown.count(key))
            show(key.c_str(), value.is_string() ? value.get<std::string>() : jsonText(value));
}

}  // namespace

int modelInfo(const ModelInfo& request) {
    const auto engine = engine::openEngine("cpu");
    const model::Model m = model::load(request.name, engine.get());
    const model::GraphSummary graph = model::summarise(m.onnx);
    std::optional<Speed> speed;
    if (!request.noSpeed && !m.interpolation) speed = measure(m, engine, graph.operationsPerPixel);
    if (request.json)
        std::cout << jsonText(asJson(m, graph, speed), 1) << "\n";
    else
        print(m, graph, speed);
    return 0;
}

}  // namespace acuity::cli
