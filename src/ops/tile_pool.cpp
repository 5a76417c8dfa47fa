#include "ops/tile_pool.h"

#include <vips/vips.h>

#include <algorithm>
#include <chrono>

namespace acuity::ops {

void RecentPools::used(TilePool* pool) {
    TilePool* old = nullptr;
    {
        std::lock_guard guard(mutex_);
        if (!pools_.empty() && pools_.front() == pool) return;
        pools_.remove(pool);
        pools_.push_front(pool);
        if (pools_.size() > kept_) {
            old = pools_.back();
            pools_.pop_back();
        }
    }
    if (old) old->rest();
}

void RecentPools::gone(TilePool* pool) {
    std::lock_guard guard(mutex_);
    pools_.remove(pool);
}

TilePool::TilePool(Size size, std::function<Compute()> startWorker, const Cancel* cancel,
                   std::shared_ptr<RecentPools> recent)
    : size_(size),
      startWorker_(std::move(startWorker)),
      cancel_(cancel),
      recent_(std::move(recent)),
      capacity_(std::size_t(size.rowsKept * size.columns + size.readAhead + size.workers)) {}

TilePool::~TilePool() {
    if (recent_) recent_->gone(this);
    join();
}

long TilePool::computed() const {
    std::lock_guard guard(mutex_);
    return computed_;
}

void TilePool::start() {
    if (!threads_.empty() || stop_) return;  // stopping: asked again once the old ones are gone
    for (int i = 0; i < size_.workers; i++) threads_.emplace_back([this] { work(); });
}

void TilePool::join() {
    std::vector<std::thread> threads;
    {
        std::lock_guard guard(mutex_);
        stop_ = true;
        threads.swap(threads_);
    }
    wanted_.notify_all();
    for (std::thread& thread : threads) thread.join();
    std::lock_guard guard(mutex_);
    stop_ = false;
}

void TilePool::rest() {
    {
        // Somebody is waiting or a tile is under way: it is not idle after all.
        std::lock_guard guard(mutex_);
        for (const auto& [index, slot] : slots_)
            if (!slot.bytes) return;
    }
    join();
    std::lock_guard guard(mutex_);
    slots_.clear();
}

void TilePool::ask(int index, bool ahead) {
    if (!slots_.try_emplace(index).second) {
        if (ahead) return;
        // Wanted now: if it still waits among those read ahead, move it to the front.
        const auto place = std::find(queue_.begin(), queue_.end(), index);
        if (place == queue_.end()) return;
        queue_.erase(place);
    }
    if (ahead) {
        queue_.push_back(index);
    } else {
        queue_.push_front(index);
    }
    wanted_.notify_one();
}

std::vector<TileBytes> TilePool::get(int left, int top, int columns, int rows) {
    if (recent_) recent_->used(this);
    std::unique_lock lock(mutex_);
    start();
    // A reader whose pieces span several rows of tiles comes back for the same rows.
    capacity_ = std::max(capacity_,
                         std::size_t((rows + 1) * size_.columns + size_.readAhead + size_.workers));
    const auto indexOf = [&](int i) {
        return (top + i / columns) * size_.columns + left + i % columns;
    };
    std::vector<TileBytes> found(std::size_t(columns) * rows);
    // Each goes to the front of the queue, so that the first one ends up there.
    for (int i = int(found.size()) - 1; i >= 0; i--) ask(indexOf(i), false);
    const int last = indexOf(int(found.size()) - 1);
    const int end = std::min(size_.columns * size_.rows, last + 1 + size_.readAhead);
    for (int index = last + 1; index < end; index++) ask(index, true);

    for (std::size_t i = 0; i < found.size();) {
        if (failure_) std::rethrow_exception(failure_);
        if (cancel_) cancel_->check();
        const auto slot = slots_.find(indexOf(int(i)));
        if (slot == slots_.end()) {
            ask(indexOf(int(i)), false);  // dropped while we waited for its neighbours
        } else if (slot->second.bytes) {
            slot->second.lastUse = ++clock_;
            found[i++] = slot->second.bytes;
            continue;
        }
        start();
        done_.wait_for(lock, std::chrono::milliseconds(200));
    }
    return found;
}

void TilePool::dropOld() {
    while (slots_.size() > capacity_) {
        auto oldest = slots_.end();
        for (auto it = slots_.begin(); it != slots_.end(); ++it)
            if (it->second.bytes && it->second.lastUse &&
                (oldest == slots_.end() || it->second.lastUse < oldest->second.lastUse))
                oldest = it;
        if (oldest == slots_.end()) return;
        slots_.erase(oldest);
    }
}

void TilePool::computeOne(Compute& compute, int index, std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    std::vector<std::uint8_t> bytes;
    std::exception_ptr failure;
    try {
        if (cancel_) cancel_->pass();
        if (!compute) compute = startWorker_();
        bytes = compute(index);
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    if (failure) {
        failure_ = failure;
        queue_.clear();
    } else {
        computed_++;
        slots_[index].bytes = std::make_shared<std::vector<std::uint8_t>>(std::move(bytes));
        dropOld();
    }
    done_.notify_all();
}

void TilePool::work() {
    {
        Compute compute;
        std::unique_lock lock(mutex_);
        while (true) {
            wanted_.wait(lock, [this] { return stop_ || !queue_.empty(); });
            if (stop_) break;
            const int index = queue_.front();
            queue_.pop_front();
            computeOne(compute, index, lock);
        }
    }
    vips_thread_shutdown();
}

}  // namespace acuity::ops
