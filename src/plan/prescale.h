// How much smaller a picture should be made before it is enlarged.
#pragma once

#include <string>

#include "diagnose/damage.h"

namespace acuity::plan {

struct Prescale {
    double ratio = 1;     // share of the sides that is kept
    std::string because;  // half a sentence; "" with a ratio of 1
};

/// What was measured to give the best result by PSNR, or within 0.1 dB of it (docs/plan.md).
/// `cleaned`: noise and softness are taken away before, and no reason any more.
Prescale prescaleFor(const diagnose::Damage& damage, bool cleaned);

}  // namespace acuity::plan
