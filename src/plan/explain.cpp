#include <fmt/format.h>

#include "plan/plan.h"

namespace acuity::plan {
namespace {

std::string shown(Dimensions d) {
    return fmt::format("{}x{}", d.width, d.height);
}

/// A sentence for one step from `at`, which it moves on.
std::string sentence(const Step& step, Dimensions& at) {
    const Dimensions grown{at.width * step.pass.scale, at.height * step.pass.scale};
    at = step.pass.size;
    if (step.model.empty()) return fmt::format("resampled to {}", shown(at));
    if (step.pass.scale == 1) return fmt::format("{} works on it at its size", step.model);
    if (grown == at) return fmt::format("{} enlarges to {}", step.model, shown(grown));
    return fmt::format("{} enlarges to {}, reduced to {} because no network has just that factor",
                       step.model, shown(grown), shown(at));
}

}  // namespace

std::vector<std::string> explain(const Plan& plan) {
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{} becomes {}, a factor of {:.4g}", shown(plan.source),
                                shown(plan.target.crop), plan.target.factor));
    if (plan.target.factor <= 1 && plan.target.full != plan.source && plan.start == plan.source)
        lines.push_back("it is only reduced, because the size asked for is smaller");
    if (plan.undoes)
        lines.push_back(fmt::format("first brought back to {}, {} (by {})", shown(plan.start),
                                    plan.because, ops::name(*plan.undoes)));
    if (plan.cleaning.any())
        lines.push_back(plan.cleaner + " takes away " + inWords(plan.cleaning));
    if (plan.start != plan.source && !plan.undoes)
        lines.push_back(fmt::format("first reduced to {} by {}{}{}", shown(plan.start),
                                    ops::name(plan.shrinking), plan.because.empty() ? "" : ", ",
                                    plan.because));
    if (plan.steps.empty() && !plan.cleaning.any()) lines.push_back("its pixels stay as they are");
    Dimensions at = plan.start;
    for (const Step& step : plan.steps) lines.push_back(sentence(step, at));
    lines.insert(lines.end(), plan.reasons.begin(), plan.reasons.end());
    if (plan.target.crop != plan.target.full)
        lines.push_back(fmt::format("the centre, {}, is kept", shown(plan.target.crop)));
    return lines;
}

}  // namespace acuity::plan
