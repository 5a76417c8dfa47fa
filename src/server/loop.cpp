#include "server/loop.h"

#include <fmt/format.h>

#include <exception>

namespace acuity::server {

Loop::Loop(std::function<bool()> step, std::chrono::milliseconds rest)
    : step_(std::move(step)), thread_([this, rest] { run(rest); }) {}

Loop::~Loop() {
    end();
}

void Loop::wake() {
    {
        std::lock_guard guard(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

void Loop::end() {
    {
        std::lock_guard guard(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Loop::run(std::chrono::milliseconds rest) {
    std::unique_lock lock(mutex_);
    while (!ended_) {
        woken_ = false;
        lock.unlock();
        bool more = false;
        try {
            more = step_();
        } catch (const std::exception& error) {
            fmt::print(stderr, "acuity: {}\n", error.what());
        }
        lock.lock();
        if (!more) changed_.wait_for(lock, rest, [this] { return ended_ || woken_; });
    }
}

}  // namespace acuity::server
