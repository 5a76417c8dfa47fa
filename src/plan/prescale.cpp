#include "plan/prescale.h"

#include <fmt/format.h>

#include <algorithm>

namespace acuity::plan {
namespace {

/// Noise in luma, in levels of 255, from which a ratio pays. Below the first, shrinking loses more
/// detail than noise.
struct {
    double noise, ratio;
} constexpr kNoisy[] = {{14, 0.7}, {9.5, 0.85}};

/// A sharp picture loses 2 dB when it is shrunk by mistake, and one that was enlarged gains 0.3 dB
/// at the most: both signs must be plain.
constexpr double kSurely = 0.9, kSoft = 0.8;
constexpr double kSmallest = 0.25;

}  // namespace

Prescale prescaleFor(const diagnose::Damage& damage) {
    if (!damage.known) return {};
    const diagnose::Estimate &detail = damage.resolution, &noise = damage.lumaNoise;
    Prescale found;
    if (damage.enlarged >= kSurely && detail.value + 2 * detail.deviation < kSoft)
        found = {std::max(kSmallest, detail.value),
                 fmt::format("it looks enlarged before, and {:.0f} % of its width and height hold "
                             "all its detail",
                             100 * detail.value)};
    for (const auto& step : kNoisy)
        if (noise.value >= step.noise && step.ratio < found.ratio)
            found = {step.ratio, fmt::format("which takes much of its noise away, about {:.0f} "
                                             "levels of 255, and little detail",
                                             noise.value)};
    return found;
}

}  // namespace acuity::plan
