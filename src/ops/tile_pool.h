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
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cancel.h"

namespace acuity::ops {

using TileBytes = std::shared_ptr<const std::vector<std::uint8_t>>;

class TilePool;

/// The pools in use among the many of a picture with frames: each frame has its own, and those
/// whose frame has passed give back threads, buffers and tiles.
class RecentPools {
  public:
    explicit RecentPools(std::size_t kept) : kept_(kept) {}
    void used(TilePool* pool);
    void gone(TilePool* pool);

  private:
    const std::size_t kept_;
    std::mutex mutex_;
    std::list<TilePool*> pools_;  // latest first
};

class TilePool {
  public:
    /// Computes tile `index`. Every worker has one of its own, with its buffers.
    using Compute = std::function<std::vector<std::uint8_t>(int index)>;

    struct Size {
        int columns = 1, rows = 1;  // of the grid
        int workers = 1;
        int readAhead = 1;  // tiles computed beyond those asked for
        int rowsKept = 2;   // rows of tiles that a reader comes back to
    };

    TilePool(Size size, std::function<Compute()> startWorker, const Cancel* cancel,
             std::shared_ptr<RecentPools> recent = nullptr);
    ~TilePool();
    TilePool(const TilePool&) = delete;
    TilePool& operator=(const TilePool&) = delete;

    /// Tiles of a rectangle of the grid, row by row; waits until all are there.
    /// Throws what computing threw, or Error(cancelled).
    std::vector<TileBytes> get(int left, int top, int columns, int rows);

    /// Gives back what idle workers hold, and all tiles; a later get() begins anew.
    void rest();

    /// Tiles computed so far, repeated ones included.
    long computed() const;

  private:
    struct Slot {
        TileBytes bytes;            // null while waiting or being computed
        std::uint64_t lastUse = 0;  // 0: computed ahead, not used yet
    };

    void start();
    void join();
    void work();
    void computeOne(Compute& compute, int index, std::unique_lock<std::mutex>& lock);
    void ask(int index, bool ahead);
    void dropOld();

    const Size size_;
    const std::function<Compute()> startWorker_;
    const Cancel* cancel_;
    const std::shared_ptr<RecentPools> recent_;
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
