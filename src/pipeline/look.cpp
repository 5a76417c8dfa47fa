// Measures what a plan wants to know of a picture.
#include "diagnose/text.h"
#include "ops/undo.h"
#include "pipeline/diagnosis.h"
#include "pipeline/work.h"

namespace acuity::pipeline {

using vips::VImage;

namespace {

class Look {
  public:
    Look(const codec::Picture& picture, plan::Evidence& evidence, Session& session)
        : picture_(picture), evidence_(evidence), session_(session) {}

    /// Of the picture, or of what is to be enlarged by `plan`.
    void measure(plan::Measure wanted, const plan::Plan& plan) {
        switch (wanted) {
            case plan::Measure::damage:
                evidence_.damage = diagnose::damageOf(colour(0), *session_.diagnostic("damage"));
                findings_["damage"] = toJson(*evidence_.damage);
                break;
            case plan::Measure::reduction:
                evidence_.reduction = reductionIn(colour(0));
                findings_["reduction"] = toJson(*evidence_.reduction);
                break;
            case plan::Measure::damageBefore:
                evidence_.damageBefore = diagnose::damageBefore(colour(0), *evidence_.damage,
                                                                *session_.diagnostic("damage"));
                findings_["damageBefore"] = toJson(*evidence_.damageBefore);
                break;
            case plan::Measure::reductionBefore:
                evidence_.reductionBefore = reductionIn(before(plan));
                findings_["reductionBefore"] = toJson(*evidence_.reductionBefore);
                break;
            case plan::Measure::lettering:
                lettering();
                findings_["textShare"] = *evidence_.textShare;
                break;
        }
    }

    void hand(Work& work) {
        work.findings = std::move(findings_);
        if (work.lettering.apart) work.masks = std::move(masks_);
    }

  private:
    VImage colour(std::size_t frame) const { return colourOf(picture_, frame); }

    diagnose::Reduction reductionIn(const VImage& image) const {
        return diagnose::reductionOf(image, *session_.diagnostic("reduction-kernel"));
    }

    /// The picture before the enlargement that the plan undoes.
    VImage before(const plan::Plan& plan) const {
        return ops::undone(colour(0), plan.start.width, plan.start.height, *plan.undoes);
    }

    void lettering() {
        const auto network = session_.diagnostic("text-mask");
        double share = 0;
        for (std::size_t i = 0; i < picture_.frames.size(); i++) {
            const auto text = diagnose::textIn(colour(i), *network);
            masks_.push_back(text.found() ? text.mask : VImage());
            share += text.share / double(picture_.frames.size());
        }
        evidence_.textShare = share;
    }

    const codec::Picture& picture_;
    plan::Evidence& evidence_;
    Session& session_;
    std::vector<VImage> masks_;
    nlohmann::json findings_ = nlohmann::json::object();
};

}  // namespace

Work look(const codec::Picture& picture, plan::Evidence evidence, const Options& options,
          Session& session) {
    Look look(picture, evidence, session);
    Work work = decide(picture, evidence, options, session);
    while (work.wanted) {
        look.measure(*work.wanted, work);
        work = decide(picture, evidence, options, session);
    }
    look.hand(work);
    // Small pictures that follow one another share the networks; a large one needs their memory.
    constexpr double kLarge = 1e6;
    if (double(picture.width()) * picture.height() > kLarge) session.restDiagnostics();
    return work;
}

}  // namespace acuity::pipeline
