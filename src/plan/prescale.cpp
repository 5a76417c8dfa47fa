#include "plan/prescale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace acuity::plan {
namespace {

/// Networks make noise stronger than detail when they enlarge it: what it costs in the result, over
/// what it costs in the input. Fitted to six pictures under four strengths of noise, where it comes
/// within 0.02 dB of the best ratio for each (docs/plan.md).
constexpr double kAmplified = 1.75;
/// Less noise than this, in levels of 255, is measured too vaguely; and less gain than this share
/// of the noise is none.
constexpr double kLeastNoise = 2, kLeastGain = 0.15;

/// A sharp picture loses 2 dB when it is shrunk by mistake, and one that was enlarged gains 0.3 dB
/// at the most: both signs must be plain.
constexpr double kSurely = 0.9, kSoft = 0.8;
constexpr double kSmallest = 0.25;

/// The ratio that takes away most noise for the detail it takes with it.
double quietest(const diagnose::Damage& damage) {
    const double noise = damage.lumaNoise.value;
    if (noise < kLeastNoise) return 1;
    double ratio = 1, most = kLeastGain * noise * noise;
    for (const diagnose::Shrinking& shrinking : damage.shrinkings) {
        const double gain = shrinking.gain(noise * std::sqrt(kAmplified));
        if (gain <= most) continue;
        most = gain;
        ratio = shrinking.ratio;
    }
    return ratio;
}

/// To be undone, a former enlargement must stand out in both directions (Enlargement::dropAcross
/// and dropDown) and explain the picture but for so much, in squared levels of 255.
constexpr double kLikely = 0.5, kDrop = 0.2, kUnexplained = 30;

}  // namespace

bool worthUndoing(const diagnose::Damage& damage) {
    const diagnose::Enlargement& former = damage.former;
    return damage.known && damage.enlarged >= kLikely &&
           std::min(former.dropAcross, former.dropDown) >= kDrop && former.outside <= kUnexplained;
}

Prescale prescaleFor(const diagnose::Damage& damage, bool byNoise, bool bySoftness) {
    if (!damage.known) return {};
    const diagnose::Estimate& detail = damage.resolution;
    Prescale found;
    if (bySoftness && damage.enlarged >= kSurely && detail.value + 2 * detail.deviation < kSoft)
        found = {std::max(kSmallest, detail.value),
                 fmt::format("it looks enlarged before, and {:.0f} % of its width and height hold "
                             "all its detail",
                             100 * detail.value)};
    const double ratio = byNoise ? quietest(damage) : 1;
    if (ratio < found.ratio)
        found = {ratio, fmt::format("which takes more of its noise away, about {:.0f} levels of "
                                    "255, than of its detail",
                                    damage.lumaNoise.value)};
    return found;
}

}  // namespace acuity::plan
