#include "pipeline/look.h"

#include <fmt/format.h>

#include <algorithm>

#include "diagnose/reduction.h"
#include "diagnose/text.h"
#include "pipeline/diagnosis.h"

namespace acuity::pipeline {

using vips::VImage;

namespace {

class Look {
  public:
    Look(const codec::Picture& picture, const Options& options, Session& session, Work& work)
        : picture_(picture), options_(options), session_(session), work_(work) {}

    void all() {
        const bool networks =
            std::any_of(work_.steps.begin(), work_.steps.end(),
                        [](const Step& s) { return !s.model.empty() && s.pass.scale > 1; });
        if (networks && work_.target.factor > 1) {
            binding();
            lettering();
        } else if (options_.consistency.value_or(0) > 0 && work_.target.factor > 1) {
            work_.binding = {options_.reducedBy.value_or(ops::Kernel::bicubic),
                             *options_.consistency, 0};
        }
    }

  private:
    void say(std::string sentence) { work_.reasons.push_back(std::move(sentence)); }

    void binding() {
        const auto& asked = options_.consistency;
        if (asked && *asked == 0 && !(options_.protectText && !work_.ours)) return;
        const auto kernel = reduction();
        if (!asked && !work_.ours) {
            if (kernel) work_.binding = {*kernel, 0, 1};
            say("it is not bound to the input, because the model is somebody else's; "
                "--consistency 1 binds it");
            return;
        }
        if (!kernel && !asked) {
            say("the result is not bound to the input");
            return;
        }
        const bool tied = kernel || *asked > 0;
        work_.binding = {kernel.value_or(ops::Kernel::bicubic), asked.value_or(1),
                         tied ? 1.0 : 0.0};
        if (work_.binding.strength > 0)
            say(
                fmt::format("the result is bound to it with strength {:.3g}: shrunk again by {} it "
                            "says the same",
                            work_.binding.strength, ops::name(work_.binding.reduction)));
    }

    /// The kernel that made what is enlarged, if it can be known.
    std::optional<ops::Kernel> reduction() {
        if (work_.start != work_.source) return work_.shrinking;
        if (options_.reducedBy) return options_.reducedBy;
        if (picture_.linear) return std::nullopt;
        const auto found =
            diagnose::reductionOf(colourOf(picture_, 0), *session_.diagnostic("reduction-kernel"));
        work_.findings["reduction"] = toJson(found);
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
        if (!options_.protectText || picture_.linear || (work_.ours && !partlyBound())) return;
        const auto network = session_.diagnostic("text-mask");
        Lettering& found = work_.lettering;
        for (std::size_t i = 0; i < picture_.frames.size(); i++) {
            const auto text = diagnose::textIn(colourOf(picture_, i), *network);
            found.masks.push_back(text.found() ? text.mask : VImage());
            found.share += text.share / double(picture_.frames.size());
        }
        work_.findings["textShare"] = found.share;
        if (found.share == 0) {
            found.masks.clear();
            return;
        }
        if (!work_.ours) found.steps = stepsWith(session_.faithful(), work_, options_);
        say(fmt::format(
            "lettering covers {:.2g} % of it: {}", 100 * found.share,
            found.steps.empty() ? "bound fully there" : "enlarged by the faithful model there"));
    }

    bool partlyBound() const { return work_.binding.strength < work_.binding.letters; }

    const codec::Picture& picture_;
    const Options& options_;
    Session& session_;
    Work& work_;
};

}  // namespace

void look(const codec::Picture& picture, const Options& options, Session& session, Work& work) {
    Look(picture, options, session, work).all();
}

}  // namespace acuity::pipeline
