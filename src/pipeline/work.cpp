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

plan::Evidence evidenceOf(const codec::Picture& picture, const codec::Provenance* history) {
    plan::Evidence evidence;
    evidence.source = {picture.width(), picture.height()};
    // What was only made smaller is a picture like any other.
    if (history && history->factor > 0) evidence.history = *history;
    evidence.linear = picture.linear;
    evidence.pages = picture.frames.size() > 1 && !picture.animated;
    evidence.jpegQuality = picture.jpegQuality;
    return evidence;
}

Work decide(const codec::Picture& picture, const plan::Evidence& evidence, const Options& options,
            const Session& session) {
    Work work;
    static_cast<plan::Plan&>(work) = plan::decide(evidence, options, session.catalogue());
    setDpi(work, picture, options);
    return work;
}

std::string inShort(const Work& work, const std::function<std::string(const std::string&)>& hash) {
    std::string text = fmt::format("acuity " ACUITY_VERSION ": {} to {}", shown(work.source),
                                   shown(work.target.crop));
    if (work.cleaning.any())
        text += fmt::format(", cleaned by {} (sha256 {})", work.cleaner,
                            hash(work.cleaner).substr(0, 16));
    if (work.start != work.source) text += " by way of " + shown(work.start);
    if (work.undoes)
        text += fmt::format(" (a former enlargement by {} undone)", ops::name(*work.undoes));
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
    if (work.lettering.apart) text += ", lettering apart";
    return text;
}

nlohmann::json toJson(const Work& work) {
    nlohmann::json object = plan::toJson(work);
    if (!work.findings.empty()) object["findings"] = work.findings;
    return object;
}

}  // namespace acuity::pipeline
