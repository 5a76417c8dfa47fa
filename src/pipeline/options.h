// Everything a person can ask for, with the defaults; the table in api/option_table.h fills it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "codec/picture.h"
#include "plan/plan.h"

namespace acuity::pipeline {

using plan::Dimensions;
using plan::Fit;
using plan::SizeRequest;

/// What the plan is made by, and what else there is to say about a run.
struct Options : plan::Wishes {
    std::optional<double> dpi;  // to write, and of --print

    std::map<std::string, std::string> modelOptions;  // what a model's file does not say
    std::string model = "auto", engine = "auto", precision = "auto";
    int device = 0;
    bool tta = false;
    std::string trustMap;  // file to write it to, or ""

    std::optional<codec::Format> format;
    int quality = 0, effort = 0, depth = 0;  // 0: the format's or the picture's own
    bool lossless = false;
    unsigned background = 0xffffff;
    std::optional<std::string> suffix;
    int page = -1;  // 0-based; -1: all
    bool overwrite = false, skipExisting = false, keepMetadata = true, salvage = false;
    double maxInputPixels = 1e9;

    int tile = 0, threads = 0;  // 0: chosen
    std::uint64_t memory = 0;   // bytes; 0: a quarter of the machine's
    bool dryRun = false;
};

}  // namespace acuity::pipeline
