#include "plan/cleaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace acuity::plan {
namespace {

constexpr double kLevels = 25, kQualities = 80;

/// Weaker damage than this is measured too vaguely to be worth a change.
constexpr double kLeastNoise = 1.5, kLeastColourNoise = 3, kMostQuality = 88;
constexpr double kPlain = 1.5;  // deviations: fine texture can look like noise
constexpr double kSurely = 0.995, kSoft = 0.88;

/// The strongest noise that can be asked for, in levels. Of noise of one strength in red, green and
/// blue two thirds are in luma.
constexpr double kMost = 30, kInLuma = 0.67;

/// In steps, so that pictures of one camera share a compiled network.
double stepped(double value) {
    constexpr double kSteps = 50;
    return std::clamp(std::round(value * kSteps) / kSteps, 0.0, 1.2);
}

/// Of the JPEG that is plainly in its past, 100 for none. The file's own table is right unless the
/// picture was stored worse before.
double qualityOf(const diagnose::Damage& damage, int file) {
    const diagnose::Estimate& measured = damage.jpegQuality;
    const bool seen = damage.known && damage.compressed >= kSurely;
    if (file > 0 && (!seen || measured.value + 2 * measured.deviation >= file)) return file;
    return seen ? measured.value : 100;
}

bool plain(const diagnose::Estimate& measured, double least) {
    return measured.value >= least && measured.value >= kPlain * measured.deviation;
}

}  // namespace

std::map<std::string, double> Cleaning::named() const {
    return {{"noise", noise},
            {"colourNoise", colourNoise},
            {"compression", compression},
            {"softness", softness}};
}

Cleaning cleaningFor(const diagnose::Damage& damage, int jpegQuality) {
    Cleaning found;
    if (const double quality = qualityOf(damage, jpegQuality); quality <= kMostQuality)
        found.compression = stepped((100 - quality) / kQualities);
    if (!damage.known) return found;
    const double luma = damage.lumaNoise.value, colour = damage.chromaNoise.value;
    if (plain(damage.lumaNoise, kLeastNoise) || plain(damage.chromaNoise, kLeastColourNoise)) {
        found.noise = stepped(luma / kLevels);
        found.colourNoise = stepped(colour / kLevels);
    }
    const diagnose::Estimate& detail = damage.resolution;
    if (detail.value + detail.deviation < kSoft) found.softness = stepped(1 - detail.value);
    return found;
}

Cleaning withNoise(Cleaning cleaning, double strength) {
    cleaning.noise = stepped(kMost * kInLuma * strength / kLevels);
    cleaning.colourNoise = stepped(kMost * strength / kLevels);
    return cleaning;
}

double noiseOf(const Cleaning& cleaning) {
    return std::min(1.0,
                    std::max(cleaning.noise / kInLuma, cleaning.colourNoise) * kLevels / kMost);
}

std::string inWords(const Cleaning& cleaning) {
    std::vector<std::string> parts;
    if (cleaning.noise > 0)
        parts.push_back(fmt::format("noise of about {:.0f} levels of 255 in brightness",
                                    kLevels * cleaning.noise));
    if (cleaning.colourNoise > 0)
        parts.push_back(fmt::format("{}{:.0f} in colour", parts.empty() ? "noise of about " : "",
                                    kLevels * cleaning.colourNoise));
    if (cleaning.compression > 0)
        parts.push_back(fmt::format("the traces of JPEG at quality {:.0f}",
                                    std::max(1.0, 100 - kQualities * cleaning.compression)));
    if (cleaning.softness > 0)
        parts.push_back(
            fmt::format("softness (it lacks {:.0f} % of its detail)", 100 * cleaning.softness));
    std::string text;
    for (std::size_t i = 0; i < parts.size(); i++)
        text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    return text;
}

}  // namespace acuity::plan
