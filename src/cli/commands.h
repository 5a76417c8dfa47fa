// The subcommands. Each takes its own arguments (without program and command name) and gives the
// exit status: 0 done, 1 some inputs failed, 2 usage, 3 nothing could start, 130 interrupted.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"

namespace acuity::cli {

using Arguments = std::vector<std::string>;

int upscale(const Arguments& arguments, const Cancel& cancel);
int score(const Arguments& arguments);
int models(const Arguments& arguments, const Cancel& cancel);
int diagnose(const Arguments& arguments, const Cancel& cancel);
int compare(const Arguments& arguments, const Cancel& cancel);
int roundtrip(const Arguments& arguments, const Cancel& cancel);

}  // namespace acuity::cli
