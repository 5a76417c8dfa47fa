// Finds the tile size and number of requests at which a network runs fastest on this machine.
#pragma once

#include <optional>

#include "base/cancel.h"
#include "model/model.h"

namespace acuity::model {

struct Tuning {
    int tile = 0;            // side in input pixels, halo apart
    int streams = 1;         // requests computed at once
    double nanoseconds = 0;  // measured per useful input pixel; 0 when only estimated
};

/// A guess from the cache sizes alone, for pictures too small to pay for a search.
Tuning estimateTuning(const Runner& runner);

/// What an earlier search on this machine found, or nothing.
std::optional<Tuning> rememberedTuning(const Runner& runner);

/// Measures candidates, likeliest first, for about a twelfth of the time that a picture of so many
/// input pixels will take; remembers the best and returns it.
Tuning searchTuning(Runner& runner, double pixels, const Cancel* cancel);

/// Nanoseconds per useful input pixel at this tile and the runner's streams, the best of `rounds`.
double measureTile(Runner& runner, int tile, int rounds);

}  // namespace acuity::model
