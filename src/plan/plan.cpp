#include "plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "plan/prescale.h"

namespace acuity::plan {
namespace {

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

/// One plan while it is made: each part relies on those before it.
class Decision {
  public:
    Decision(const Evidence& evidence, const Wishes& wishes, const Catalogue& catalogue)
        : evidence_(evidence), wishes_(wishes), catalogue_(catalogue) {}

    Plan made() {
        const ModelChoice& choice = catalogue_.chosen;
        plan_.source = evidence_.source;
        plan_.target = targetSize(plan_.source, wishes_.size);
        if (turnsSheet(plan_.source, wishes_.size))
            say("the sheet is turned to lie as the picture does; --fit exact leaves it");
        plan_.ours = choice.ours;
        if (choice.kernel) plan_.kernel = *choice.kernel;
        undoing();
        cleaning();
        start();
        plan_.steps = stepsWith(choice, plan_, wishes_.passes);
        if (enlargesByNetwork()) {
            binding();
            lettering();
        } else if (wishes_.consistency.value_or(0) > 0 && plan_.target.factor > 1 && grows()) {
            plan_.binding = {wishes_.reducedBy.value_or(ops::Kernel::bicubic), *wishes_.consistency,
                             0};
        }
        return std::move(plan_);
    }

  private:
    void say(std::string sentence) { plan_.reasons.push_back(std::move(sentence)); }

    void want(Measure measure) {
        if (!plan_.wanted) plan_.wanted = measure;
    }

    bool enlargesByNetwork() const {
        return std::any_of(plan_.steps.begin(), plan_.steps.end(),
                           [](const Step& s) { return !s.model.empty() && s.pass.scale > 1; });
    }

    /// A side that is made smaller has no room for what the picture says along it.
    bool grows() const {
        return plan_.target.full.width >= plan_.start.width &&
               plan_.target.full.height >= plan_.start.height;
    }

    /// A former enlargement, undone before all else: what is enlarged then is the picture that it
    /// was made from.
    void undoing() {
        plan_.start = plan_.source;
        if (wishes_.prescale || catalogue_.chosen.kernel || plan_.target.factor <= 1 ||
            evidence_.history || evidence_.pages || !evidence_.damage ||
            !worthUndoing(*evidence_.damage))
            return;
        const diagnose::Enlargement& former = evidence_.damage->former;
        plan_.undoes = former.kernel;
        plan_.start = {former.width, former.height};
        plan_.because = fmt::format("from which it was enlarged before, it seems ({:.0f} % sure)",
                                    100 * evidence_.damage->enlarged);
    }

    /// Of what is to be enlarged.
    const std::optional<diagnose::Damage>& damage() const {
        return plan_.undoes ? evidence_.damageBefore : evidence_.damage;
    }

    /// What is taken away before all else: what was asked for, else what is measured, where our own
    /// models are to enlarge: those of others were made for pictures as they come, or were not.
    void cleaning() {
        const bool byItself =
            catalogue_.chosen.ours && !evidence_.history && !evidence_.linear &&
            !catalogue_.cleaner.empty() &&
            (plan_.target.factor > 1 || catalogue_.chosen.name == catalogue_.cleaner);
        const bool allAsked = wishes_.noise && wishes_.blur && wishes_.compression;
        Cleaning found;
        if (byItself && !allAsked) {
            if (!damage()) return want(plan_.undoes ? Measure::damageBefore : Measure::damage);
            found = cleaningFor(*damage(), plan_.undoes ? 0 : evidence_.jpegQuality);
        }
        if (wishes_.noise) found = withNoise(found, *wishes_.noise);
        if (wishes_.compression) found.compression = *wishes_.compression;
        if (wishes_.blur) found.softness = *wishes_.blur;
        if (!found.any()) return;
        if (catalogue_.cleaner.empty())
            throw Error(Kind::model, "the network that cleans is not there; install Acuity anew");
        plan_.cleaning = found;
        plan_.cleaner = catalogue_.cleaner;
    }

    /// What is enlarged: the picture as it is, or made smaller first.
    void start() {
        constexpr double kMatters = 1.05;
        const auto& history = evidence_.history;
        if (plan_.undoes) return;
        if (history)
            plan_.enlargedBefore = enlargedBefore(plan_.source, *history).value_or(history->factor);
        if (wishes_.prescale) {
            plan_.start = smaller(plan_.source, *wishes_.prescale);
            return;
        }
        // Interpolation and reduction invent nothing that would have to be taken back first.
        if (catalogue_.chosen.kernel || plan_.target.factor <= 1) return;
        if (history) {
            const double factor = enlargedBefore(plan_.source, *history).value_or(1);
            if (factor < kMatters) return;
            plan_.start = smaller(plan_.source, 1 / factor);
            plan_.because = "its size before it was enlarged";
            plan_.shrinking =
                ops::reductionOfName(history->reduction).value_or(ops::Kernel::bicubic);
        } else if (evidence_.damage) {
            const Cleaning& cleaning = plan_.cleaning;
            const bool quiet = cleaning.noise > 0 || cleaning.colourNoise > 0 || wishes_.noise;
            const bool crisp = cleaning.softness > 0 || wishes_.blur;
            const Prescale found = prescaleFor(*evidence_.damage, !quiet, !crisp);
            plan_.start = smaller(plan_.source, found.ratio);
            plan_.because = found.because;
        } else if (!evidence_.linear) {
            want(Measure::damage);
        }
    }

    void binding() {
        const auto& asked = wishes_.consistency;
        if (!grows()) return say("it is not bound to the input, because one side is made smaller");
        if (asked && *asked == 0 && !(wishes_.protectText && !plan_.ours)) return;
        const auto kernel = reduction();
        if (!asked && !plan_.ours) {
            if (kernel) plan_.binding = {*kernel, 0, 1};
            say("it is not bound to the input, because the model is somebody else's; "
                "--consistency 1 binds it");
            return;
        }
        if (!kernel && !asked) {
            say("the result is not bound to the input");
            return;
        }
        const bool tied = kernel || *asked > 0;
        plan_.binding = {kernel.value_or(ops::Kernel::bicubic), asked.value_or(1),
                         tied ? 1.0 : 0.0};
        if (plan_.binding.strength > 0)
            say(
                fmt::format("the result is bound to it with strength {:.3g}: shrunk again by {} it "
                            "says the same",
                            plan_.binding.strength, ops::name(plan_.binding.reduction)));
    }

    /// The kernel that made what is enlarged, if it can be known.
    std::optional<ops::Kernel> reduction() {
        if (plan_.start != plan_.source && !plan_.undoes) return plan_.shrinking;
        if (wishes_.reducedBy) return wishes_.reducedBy;
        if (evidence_.linear) return std::nullopt;
        const auto& measured = plan_.undoes ? evidence_.reductionBefore : evidence_.reduction;
        if (!measured) {
            want(plan_.undoes ? Measure::reductionBefore : Measure::reduction);
            return std::nullopt;
        }
        const diagnose::Reduction& found = *measured;
        if (found.confidence == 0) {
            say("it shows too little to tell what made it small");
            return std::nullopt;
        }
        say(found.kernel ? fmt::format("made small by {}, it seems ({:.0f} % sure)",
                                       ops::name(*found.kernel), 100 * found.confidence)
                         : "nothing seems to have made it small (a camera's picture, a soft one, "
                           "or one enlarged before)");
        const auto assumed = diagnose::worthAssuming(found);
        if (!assumed)
            say("no kernel is safe to assume");
        else if (assumed != found.kernel)
            say(fmt::format("{} is the safest to assume", ops::name(*assumed)));
        return assumed;
    }

    void lettering() {
        // The faithful models bound as fully as can be treat lettering no other than all else.
        if (!wishes_.protectText || evidence_.linear || (plan_.ours && !partlyBound())) return;
        if (!evidence_.textShare) return want(Measure::lettering);
        const double share = *evidence_.textShare;
        if (share == 0) return;
        plan_.lettering.apart = true;
        if (!plan_.ours) {
            if (!catalogue_.faithful)
                throw Error(Kind::model, "the faithful models are not there; install Acuity anew");
            plan_.lettering.steps = stepsWith(*catalogue_.faithful, plan_, wishes_.passes);
        }
        say(fmt::format("lettering covers {:.2g} % of it: {}", 100 * share,
                        plan_.ours ? "bound fully there" : "enlarged by the faithful model there"));
    }

    bool partlyBound() const { return plan_.binding.strength < plan_.binding.letters; }

    const Evidence& evidence_;
    const Wishes& wishes_;
    const Catalogue& catalogue_;
    Plan plan_;
};

}  // namespace

std::vector<Step> stepsWith(const ModelChoice& choice, const Plan& plan, int passes) {
    std::vector<Step> steps;
    std::vector<int> scales;
    for (const auto& [scale, name] : choice.networks) {
        if (scale > 1) scales.push_back(scale);
        // A network that keeps the size runs first, and what is missing is resampled.
        if (scale == 1) steps.push_back({{1, plan.start}, name});
    }
    for (const Pass& pass : passesFor(plan.start, plan.target, scales, passes)) {
        const bool network = !choice.kernel && pass.scale > 1;
        steps.push_back({pass, network ? choice.networks.at(pass.scale) : ""});
    }
    return steps;
}

Plan decide(const Evidence& evidence, const Wishes& wishes, const Catalogue& catalogue) {
    return Decision(evidence, wishes, catalogue).made();
}

}  // namespace acuity::plan
