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
/// Noise and softness may be no reason, because they are taken away before or meant to stay.
Prescale prescaleFor(const diagnose::Damage& damage, bool byNoise, bool bySoftness);

/// Whether a former enlargement is so plain that it is undone.
bool worthUndoing(const diagnose::Damage& damage);

}  // namespace acuity::plan
