// Sizes: from what a person asks for to exact pixels, and from there to the passes that reach them.
// Pure functions; all sizes in pixels of the upright picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace acuity::plan {

enum class Fit { inside, cover, exact };

/// What the person asked for; at most one of the ways may be set.
struct SizeRequest {
    std::optional<double> scale;       // factor
    std::optional<int> width, height;  // both: a box (see fit); one: the other follows
    std::optional<int> shortSide, longSide;
    std::optional<double> printWidth, printHeight;  // inches, a box at `dpi`
    double dpi = 300;
    Fit fit = Fit::inside;
};

struct Dimensions {
    int width = 0, height = 0;
    bool operator==(const Dimensions&) const = default;
};

struct Target {
    Dimensions full;    // size the whole picture is brought to
    Dimensions crop;    // centred part of it that is kept; equal to `full` unless fit is cover
    double factor = 1;  // the larger of the two axes' factors
    bool operator==(const Target&) const = default;
};

constexpr double kMaxFactor = 64;

/// Throws Error(usage) for requests that contradict themselves, whatever the picture.
void checkRequest(const SizeRequest& request);

/// Whether a sheet of paper is turned to lie as the picture does, a portrait on a portrait sheet;
/// not where its exact sides are asked for.
bool turnsSheet(Dimensions source, const SizeRequest& request);

/// Throws Error(usage) for requests that exceed a factor of 64 or contradict themselves.
Target targetSize(Dimensions source, const SizeRequest& request);

/// One run of a network followed by a reduction (or nothing) to `size`.
struct Pass {
    int scale = 1;    // of the network to use; 1: only resampling
    Dimensions size;  // after the pass
    bool operator==(const Pass&) const = default;
};

/// The passes that reach `target` from `source` with networks of the given scales (ascending, none
/// for interpolation). `passes` splits the factor into so many equal geometric steps, 0 takes as
/// few as the scales allow. A network that exceeds its step is followed by a reduction, never by an
/// enlargement.
std::vector<Pass> passesFor(Dimensions source, const Target& target, const std::vector<int>& scales,
                            int passes);

}  // namespace acuity::plan
