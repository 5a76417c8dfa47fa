#include "ops/tile_pool.h"

#include <algorithm>
#include <chrono>

#include <vips/vips.h>

namespace acuity::ops {

TilePool::TilePool(Size size, Compute compute, const Cancel* cancel)
    : size_(size),
      compute_(std::move(compute)),
      cancel_(cancel),
      capacity_(std::size_t(2 * size.columns + size.readAhead + size.workers)) {
    for (int i = 0; i < size.workers; i++) threads_.emplace_back([this, i] { work(i); });
}

TilePool::~TilePool() {
    {
        std::lock_guard guard(mutex_);
        stop_ = true;
    }
    wanted_.notify_all();
    done_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

long TilePool::computed() const {
    std::lock_guard guard(mutex_);
    return computed_;
}

void TilePool::ask(int index, bool ahead) {
    if (!slots_.try_emplace(index).second) {
        if (ahead) return;
        // Wanted now: if it still waits among those read ahead, move it to the front.
        const auto place = std::find(queue_.begin(), queue_.end(), index);
        if (place == queue_.end()) return;
        queue_.erase(place);
    }
    // Asked for tiles go before those read ahead, but stay in order among themselves.
    if (ahead) {
        queue_.push_back(index);
    } else {
        queue_.push_front(index);
    }
    wanted_.notify_one();
}

std::vector<TileBytes> TilePool::get(int left, int top, int columns, int rows) {
    std::unique_lock lock(mutex_);
    // A reader whose pieces span several rows of tiles comes back for the same rows.
    capacity_ = std::max(capacity_, std::size_t((rows + 1) * size_.columns + size_.readAhead +
                                                size_.workers));
    std::vector<TileBytes> found(std::size_t(columns) * rows);
    for (int i = int(found.size()) - 1; i >= 0; i--)
        ask((top + i / columns) * size_.columns + left + i % columns, false);
    const int last = (top + rows - 1) * size_.columns + left + columns - 1;
    const int end = std::min(size_.columns * size_.rows, last + 1 + size_.readAhead);
    for (int index = last + 1; index < end; index++) ask(index, true);

    for (std::size_t i = 0; i < found.size();) {
        if (failure_) std::rethrow_exception(failure_);
        if (cancel_) cancel_->check();
        const int index = (top + int(i) / columns) * size_.columns + left + int(i) % columns;
        const auto slot = slots_.find(index);
        if (slot == slots_.end()) {
            ask(index, false);  // dropped while we waited for its neighbours
        } else if (slot->second.bytes) {
            slot->second.lastUse = ++clock_;
            found[i++] = slot->second.bytes;
            continue;
        }
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

void TilePool::work(int worker) {
    std::unique_lock lock(mutex_);
    while (true) {
        wanted_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (stop_) break;
        const int index = queue_.front();
        queue_.pop_front();
        lock.unlock();
        std::vector<std::uint8_t> bytes;
        std::exception_ptr failure;
        try {
            if (cancel_) cancel_->check();
            bytes = compute_(worker, index);
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
    lock.unlock();
    vips_thread_shutdown();
}

}  // namespace acuity::ops
