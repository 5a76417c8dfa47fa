#include "pipeline/work.h"

#include <fmt/format.h>

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

}  // namespace

Work decide(const codec::Picture& picture, const Session& session) {
    const Options& options = session.options();
    const ModelChoice& choice = session.choice();
    Work work;
    work.source = {picture.width(), picture.height()};
    work.target = targetSize(work.source, options.size);
    std::vector<int> scales;
    for (const auto& [scale, name] : choice.networks) {
        if (scale > 1) scales.push_back(scale);
        // A network that keeps the size runs first, and what is missing is resampled.
        if (scale == 1) work.steps.push_back({{1, work.source}, name});
    }
    for (const Pass& pass : passesFor(work.source, work.target, scales, options.passes)) {
        const bool network = !choice.kernel && pass.scale > 1;
        work.steps.push_back({pass, network ? choice.networks.at(pass.scale) : ""});
    }
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
    if (work.steps.empty()) lines.push_back("its pixels stay as they are");
    Dimensions at = work.source;
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
    if (work.target.crop != work.target.full)
        lines.push_back(fmt::format("the centre, {}, is kept", shown(work.target.crop)));
    return lines;
}

std::string inShort(const Work& work, const std::function<std::string(const std::string&)>& hash) {
    std::string text = fmt::format("acuity " ACUITY_VERSION ": {} to {}", shown(work.source),
                                   shown(work.target.crop));
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
    return {{"width", work.source.width},
            {"height", work.source.height},
            {"outputWidth", work.target.crop.width},
            {"outputHeight", work.target.crop.height},
            {"factor", work.target.factor},
            {"passes", steps}};
}

}  // namespace acuity::pipeline
