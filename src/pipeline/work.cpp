#include "pipeline/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace acuity::pipeline {
namespace {

std::string shown(Dimensions d) {
    return fmt::format("{}x{}", d.width, d.height);
}

/// Keeps the size on paper: twice the pixels are twice the dots per inch.
void setDpi(Work& work, const codec::Picture& picture, const Options& options) {
    if (options.dpi || options.size.printWidth) {
        work.dpiX = work.dpiY = options.dpi.value_or(options.size.dpi);
        return;
    }
    work.dpiX = picture.metadata.dpiX * work.target.full.width / work.source.width;
    work.dpiY = picture.metadata.dpiY * work.target.full.height / work.source.height;
}

/// What is left of an earlier run's enlargement. Somebody may have resized its result since; a part
/// cut out of it cannot be told from that, and then nothing is known.
std::optional<double> enlargedBefore(Dimensions now, const codec::Provenance& history) {
    if (history.width <= 0 || history.height <= 0) return std::nullopt;
    const double across = double(now.width) / history.width;
    const double down = double(now.height) / history.height;
    if (std::abs(across / down - 1) > 0.02) return std::nullopt;
    return history.factor * across;
}

Dimensions smaller(Dimensions d, double factor) {
    return {std::max(1, int(std::lround(d.width * factor))),
            std::max(1, int(std::lround(d.height * factor)))};
}

/// What is enlarged: the picture as it is, or made smaller first.
void setStart(Work& work, const codec::Provenance* history, const Options& options, bool networks) {
    constexpr double kMatters = 1.05;
    work.start = work.source;
    if (history)
        work.enlargedBefore = enlargedBefore(work.source, *history).value_or(history->factor);
    if (options.prescale) {
        work.start = smaller(work.source, *options.prescale);
    } else if (history && networks && work.target.factor > 1) {
        // Interpolation and reduction invent nothing that would have to be taken back first.
        const double factor = enlargedBefore(work.source, *history).value_or(1);
        if (factor < kMatters) return;
        work.start = smaller(work.source, 1 / factor);
        work.back = true;
        work.shrinking = ops::reductionOfName(history->reduction).value_or(ops::Kernel::bicubic);
    }
}

}  // namespace

std::vector<Step> stepsWith(const ModelChoice& choice, const Work& work, const Options& options) {
    std::vector<Step> steps;
    std::vector<int> scales;
    for (const auto& [scale, name] : choice.networks) {
        if (scale > 1) scales.push_back(scale);
        // A network that keeps the size runs first, and what is missing is resampled.
        if (scale == 1) steps.push_back({{1, work.start}, name});
    }
    for (const Pass& pass : passesFor(work.start, work.target, scales, options.passes)) {
        const bool network = !choice.kernel && pass.scale > 1;
        steps.push_back({pass, network ? choice.networks.at(pass.scale) : ""});
    }
    return steps;
}

Work decide(const codec::Picture& picture, const codec::Provenance* history, const Options& options,
            const Session& session) {
    const ModelChoice& choice = session.choice();
    Work work;
    work.source = {picture.width(), picture.height()};
    work.target = targetSize(work.source, options.size);
    setStart(work, history, options, !choice.kernel);
    work.steps = stepsWith(choice, work, options);
    work.ours = choice.ours;
    if (choice.kernel) work.kernel = *choice.kernel;
    setDpi(work, picture, options);
    return work;
}

std::vector<std::string> explain(const Work& work) {
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{} becomes {}, a factor of {:.4g}", shown(work.source),
                                shown(work.target.crop), work.target.factor));
    if (work.target.factor <= 1 && work.target.full != work.source)
        lines.push_back("it is only reduced, because the size asked for is smaller");
    if (work.start != work.source)
        lines.push_back(fmt::format("first reduced to {} by {}{}", shown(work.start),
                                    ops::name(work.shrinking),
                                    work.back ? ", its size before it was enlarged" : ""));
    if (work.steps.empty()) lines.push_back("its pixels stay as they are");
    Dimensions at = work.start;
    for (const Step& step : work.steps) {
        const Dimensions grown{at.width * step.pass.scale, at.height * step.pass.scale};
        if (step.model.empty()) {
            lines.push_back(fmt::format("resampled to {}", shown(step.pass.size)));
        } else if (step.pass.scale == 1) {
            lines.push_back(fmt::format("{} works on it at its size", step.model));
        } else if (grown == step.pass.size) {
            lines.push_back(fmt::format("{} enlarges to {}", step.model, shown(grown)));
        } else {
            lines.push_back(
                fmt::format("{} enlarges to {}, reduced to {} because no network has "
                            "just that factor",
                            step.model, shown(grown), shown(step.pass.size)));
        }
        at = step.pass.size;
    }
    for (const std::string& reason : work.reasons) lines.push_back(reason);
    if (work.target.crop != work.target.full)
        lines.push_back(fmt::format("the centre, {}, is kept", shown(work.target.crop)));
    return lines;
}

std::string inShort(const Work& work, const std::function<std::string(const std::string&)>& hash) {
    std::string text = fmt::format("acuity " ACUITY_VERSION ": {} to {}", shown(work.source),
                                   shown(work.target.crop));
    if (work.start != work.source) text += " by way of " + shown(work.start);
    const char* joint = " with ";
    for (const Step& step : work.steps) {
        if (step.model.empty()) {
            text += joint + std::string("resampling");
        } else {
            // Without folders: a path may tell more about a person than they mean to publish.
            const std::string name = std::filesystem::path(step.model).filename().string();
            text += fmt::format("{}{} (x{}, sha256 {})", joint, name, step.pass.scale,
                                hash(step.model).substr(0, 16));
        }
        joint = ", ";
    }
    if (work.binding.strength > 0)
        text += fmt::format(", bound to its reduction by {} ({:.3g})",
                            ops::name(work.binding.reduction), work.binding.strength);
    if (!work.lettering.masks.empty()) text += ", lettering apart";
    return text;
}

nlohmann::json toJson(const Work& work) {
    nlohmann::json steps = nlohmann::json::array();
    for (const Step& step : work.steps)
        steps.push_back(
            {{"model", step.model.empty() ? nlohmann::json() : nlohmann::json(step.model)},
             {"scale", step.pass.scale},
             {"width", step.pass.size.width},
             {"height", step.pass.size.height}});
    nlohmann::json object = {{"width", work.source.width},
                             {"height", work.source.height},
                             {"startWidth", work.start.width},
                             {"startHeight", work.start.height},
                             {"outputWidth", work.target.crop.width},
                             {"outputHeight", work.target.crop.height},
                             {"factor", work.target.factor},
                             {"passes", steps},
                             {"consistency", work.binding.strength}};
    if (work.binding.strength > 0) object["reducedBy"] = ops::name(work.binding.reduction);
    if (!work.findings.empty()) object["findings"] = work.findings;
    return object;
}

}  // namespace acuity::pipeline
