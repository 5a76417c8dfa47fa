// Computes tiles of an image on threads of its own, each tile once, reading ahead in raster order.
//
// libvips asks for small pieces of the result in roughly raster order from many threads. The pool
// answers from finished tiles and keeps its workers busy with the tiles that come next, so that the
// network never waits for whoever encodes. Finished tiles are dropped, oldest use first, once there
// are more than fit into the memory that was granted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cancel.h"

namespace acuity::ops {

using TileBytes = std::shared_ptr<const std::vector<std::uint8_t>>;

class TilePool {
  public:
    /// Computes tile `index`; `worker` counts from 0 and is only ever used by one thread.
    using Compute = std::function<std::vector<std::uint8_t>(int worker, int index)>;

    struct Size {
        int columns = 1, rows = 1;  // of the grid
        int workers = 1;
        int readAhead = 1;          // tiles computed beyond those asked for
    };

    TilePool(Size size, Compute compute, const Cancel* cancel);
    ~TilePool();
    TilePool(const TilePool&) = delete;
    TilePool& operator=(const TilePool&) = delete;

    /// Tiles of a rectangle of the grid, row by row; waits until all are there.
    /// Throws what computing threw, or Error(cancelled).
    std::vector<TileBytes> get(int left, int top, int columns, int rows);

    /// Tiles computed so far, repeated ones included.
    long computed() const;

  private:
    struct Slot {
        TileBytes bytes;             // null while waiting or being computed
        std::uint64_t lastUse = 0;   // 0: computed ahead, not used yet
    };

    void work(int worker);
    void ask(int index, bool ahead);
    void dropOld();

    const Size size_;
    const Compute compute_;
    const Cancel* cancel_;
    mutable std::mutex mutex_;
    std::condition_variable wanted_, done_;
    std::map<int, Slot> slots_;
    std::deque<int> queue_;
    std::uint64_t clock_ = 0;
    std::size_t capacity_;
    long computed_ = 0;
    bool stop_ = false;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

}  // namespace acuity::ops
