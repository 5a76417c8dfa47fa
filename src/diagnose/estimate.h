// A measure and how sure it is.
#pragma once

namespace acuity::diagnose {

/// A measure with the standard deviation of its error, as expected on pictures of its kind.
struct Estimate {
    double value = 0, deviation = 0;
};

}  // namespace acuity::diagnose
