// The options of api/option_table.h as CLI11 takes them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "api/option_table.h"

namespace acuity::cli {

/// Those that `wanted` holds of; what they say goes into `options`, which must outlive `app`.
void addTable(CLI::App& app, pipeline::Options& options,
              const std::function<bool(const api::Option&)>& wanted);

}  // namespace acuity::cli
