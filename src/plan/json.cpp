// A plan as JSON and back: every field is written, and read strictly.
#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "plan/plan.h"

namespace acuity::plan {

using nlohmann::json;

namespace {

constexpr std::pair<Measure, const char*> kMeasures[] = {
    {Measure::damage, "damage"},
    {Measure::reduction, "reduction"},
    {Measure::damageBefore, "damageBefore"},
    {Measure::reductionBefore, "reductionBefore"},
    {Measure::lettering, "lettering"}};

constexpr double kMostStrength = 1.2;  // of cleaning

json toJson(const std::vector<Step>& steps) {
    json list = json::array();
    for (const Step& step : steps)
        list.push_back({{"model", step.model.empty() ? json() : json(step.model)},
                        {"scale", step.pass.scale},
                        {"width", step.pass.size.width},
                        {"height", step.pass.size.height}});
    return list;
}

[[noreturn]] void bad(const std::string& field, const char* what) {
    throw Error(Kind::input, fmt::format("the plan's \"{}\" {}", field, what));
}

/// One object's fields, each read once; what is left over is unknown.
class Reader {
  public:
    explicit Reader(const json& object, std::string where = "") : where_(std::move(where)) {
        if (!object.is_object()) bad(where_, "is no object");
        object_ = &object;
    }

    const json& field(const std::string& name) {
        const auto found = object_->find(name);
        if (found == object_->end()) bad(where_ + name, "is missing");
        read_.insert(name);
        return *found;
    }

    int whole(const std::string& name, int least) {
        const json& value = field(name);
        if (!value.is_number_integer()) bad(where_ + name, "is no whole number");
        const auto number = value.get<std::int64_t>();
        if (number < least || number > kMostPixels) bad(where_ + name, "is out of range");
        return int(number);
    }

    double number(const std::string& name, double least, double most) {
        const json& value = field(name);
        if (!value.is_number()) bad(where_ + name, "is no number");
        const auto real = value.get<double>();
        if (!(real >= least && real <= most)) bad(where_ + name, "is out of range");
        return real;
    }

    bool yes(const std::string& name) {
        const json& value = field(name);
        if (!value.is_boolean()) bad(where_ + name, "is neither true nor false");
        return value.get<bool>();
    }

    std::string text(const std::string& name) {
        const json& value = field(name);
        if (!value.is_string()) bad(where_ + name, "is no text");
        return value.get<std::string>();
    }

    const json& list(const std::string& name) {
        const json& value = field(name);
        if (!value.is_array()) bad(where_ + name, "is no list");
        return value;
    }

    ops::Kernel kernel(const std::string& name) {
        const std::string said = text(name);
        if (const auto found = ops::reductionOfName(said)) return *found;
        if (const auto found = ops::kernelOfName(said)) return *found;
        bad(where_ + name, "names no kernel");
    }

    std::vector<Step> steps(const std::string& name) {
        std::vector<Step> steps;
        for (const json& entry : list(name)) {
            Reader reader(entry, where_ + name + ".");
            Step step;
            if (!reader.field("model").is_null()) step.model = reader.text("model");
            step.pass.scale = reader.whole("scale", 1);
            step.pass.size = {reader.whole("width", 1), reader.whole("height", 1)};
            reader.end();
            steps.push_back(std::move(step));
        }
        return steps;
    }

    void end() const {
        for (const auto& [name, value] : object_->items())
            if (!read_.count(name)) bad(where_ + name, "is unknown; this Acuity may be too old");
    }

  private:
    static constexpr std::int64_t kMostPixels = 100'000'000;
    const json* object_ = nullptr;
    std::string where_;
    std::set<std::string> read_;
};

std::optional<Measure> measureOf(Reader& reader) {
    if (reader.field("wanted").is_null()) return std::nullopt;
    const std::string said = reader.text("wanted");
    for (const auto& [measure, name] : kMeasures)
        if (said == name) return measure;
    bad("wanted", "names no measure");
}

}  // namespace

json toJson(const Plan& plan) {
    json wanted;
    for (const auto& [measure, name] : kMeasures)
        if (plan.wanted == measure) wanted = name;
    return {{"width", plan.source.width},
            {"height", plan.source.height},
            {"cleaner", plan.cleaner.empty() ? json() : json(plan.cleaner)},
            {"cleaning", plan.cleaning.named()},
            {"startWidth", plan.start.width},
            {"startHeight", plan.start.height},
            {"undoes", plan.undoes ? json(ops::name(*plan.undoes)) : json()},
            {"shrunkBy", ops::name(plan.shrinking)},
            {"shrunkBecause", plan.because},
            {"enlargedBefore", plan.enlargedBefore},
            {"targetWidth", plan.target.full.width},
            {"targetHeight", plan.target.full.height},
            {"outputWidth", plan.target.crop.width},
            {"outputHeight", plan.target.crop.height},
            {"factor", plan.target.factor},
            {"passes", toJson(plan.steps)},
            {"resampledBy", ops::name(plan.kernel)},
            {"ours", plan.ours},
            {"consistency", plan.binding.strength},
            {"consistencyOfLettering", plan.binding.letters},
            {"reducedBy", ops::name(plan.binding.reduction)},
            {"letteringApart", plan.lettering.apart},
            {"letteringPasses", toJson(plan.lettering.steps)},
            {"reasons", plan.reasons},
            {"wanted", wanted}};
}

Plan fromJson(const json& object) {
    Reader reader(object);
    Plan plan;
    plan.source = {reader.whole("width", 1), reader.whole("height", 1)};
    if (!reader.field("cleaner").is_null()) plan.cleaner = reader.text("cleaner");
    Reader cleaning(reader.field("cleaning"), "cleaning.");
    plan.cleaning = {cleaning.number("noise", 0, kMostStrength),
                     cleaning.number("colourNoise", 0, kMostStrength),
                     cleaning.number("compression", 0, kMostStrength),
                     cleaning.number("softness", 0, kMostStrength)};
    cleaning.end();
    plan.start = {reader.whole("startWidth", 1), reader.whole("startHeight", 1)};
    if (!reader.field("undoes").is_null()) plan.undoes = reader.kernel("undoes");
    if (plan.undoes &&
        (plan.start.width > plan.source.width || plan.start.height > plan.source.height))
        bad("undoes", "leads to a larger picture");
    plan.shrinking = reader.kernel("shrunkBy");
    plan.because = reader.text("shrunkBecause");
    plan.enlargedBefore = reader.number("enlargedBefore", 0, 1e9);
    plan.target.full = {reader.whole("targetWidth", 1), reader.whole("targetHeight", 1)};
    plan.target.crop = {reader.whole("outputWidth", 1), reader.whole("outputHeight", 1)};
    plan.target.factor = reader.number("factor", 0, kMaxFactor);
    plan.steps = reader.steps("passes");
    plan.kernel = reader.kernel("resampledBy");
    plan.ours = reader.yes("ours");
    plan.binding.strength = reader.number("consistency", 0, 1);
    plan.binding.letters = reader.number("consistencyOfLettering", 0, 1);
    plan.binding.reduction = reader.kernel("reducedBy");
    plan.lettering.apart = reader.yes("letteringApart");
    plan.lettering.steps = reader.steps("letteringPasses");
    for (const json& reason : reader.list("reasons")) {
        if (!reason.is_string()) bad("reasons", "holds something else than text");
        plan.reasons.push_back(reason.get<std::string>());
    }
    plan.wanted = measureOf(reader);
    reader.end();
    return plan;
}

}  // namespace acuity::plan
