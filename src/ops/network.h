// Our one operation on images: run this network over this image, as a lazily evaluated libvips
// image.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vips/vips8>

#include "base/cancel.h"
#include "base/failure.h"
#include "model/model.h"
#include "ops/tile_grid.h"
#include "ops/tile_pool.h"

namespace acuity::ops {

/// What running cost so far; shared with the operation and safe to read at any time.
struct NetworkStats {
    std::atomic<long> tiles{0};             // inferences
    std::atomic<std::int64_t> computed{0};  // input pixels run through the network, halo included
    std::atomic<std::int64_t> useful{0};    // of these, pixels of the picture itself
    std::atomic<std::int64_t> busy{0};      // nanoseconds spent inside the engine, all requests
};

struct NetworkOptions {
    int tile = 192;                     // longest side of a tile in input pixels, halo apart
    std::uint64_t memory = 1ull << 30;  // bytes for tiles kept and for the engine
    bool tta = false;                   // mean over the eight turns and flips
    int rowsKept = 2;                   // rows of tiles that a reader comes back to
    bool flatIsFlat = false;            // tiles of one value stay so without asking the network
    /// The part of the input of which a result will be asked for, when no other will: nothing is
    /// computed ahead, and tiles are laid so that it takes little.
    std::optional<Rect> part;
    /// Says whether a part of the input matters: elsewhere the result is black. Empty: all does.
    std::function<bool(const Rect&)> wanted;
    const Cancel* cancel = nullptr;
    std::shared_ptr<NetworkStats> stats;  // optional
    std::shared_ptr<Failure> failure;     // optional: keeps what libvips cannot carry
    std::shared_ptr<RecentPools> recent;  // optional: shared by the frames of one picture
};

/// `in` must have 1 or 3 bands, uchar, ushort or float, and random access; the result has the same
/// type and scale times the size. One band is run as grey and stays grey. The result streams: only
/// a few rows of tiles are held, and tiles are made smaller than asked where the memory needs it.
/// Throws Error(usage) when it is too small even so.
vips::VImage network(const vips::VImage& in, std::shared_ptr<model::Runner> runner,
                     NetworkOptions options);

}  // namespace acuity::ops
