// `acuity serve`
#pragma once

#include "base/cancel.h"
#include "cli/commands.h"

namespace acuity::program {

int serve(const cli::Arguments& arguments, const Cancel& cancel);

}  // namespace acuity::program
