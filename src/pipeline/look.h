// What the pixels of a picture show about it, and what follows for the work.
#pragma once

#include "pipeline/work.h"

namespace acuity::pipeline {

/// Sets binding, lettering, reasons and findings. `picture` must have been decoded to random
/// access. Only what the work depends on is looked for: nothing in a picture that is resampled.
void look(const codec::Picture& picture, const Options& options, Session& session, Work& work);

}  // namespace acuity::pipeline
