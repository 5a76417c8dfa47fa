// Cancellation shared by everything that works on one run. Safe to set from a signal handler.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.h"

namespace acuity {

class Cancel {
  public:
    void request() { requested_.store(true, std::memory_order_relaxed); }
    bool requested() const { return requested_.load(std::memory_order_relaxed) || late(); }
    /// Requests it by itself when so much time has passed.
    void limit(std::chrono::seconds time) { deadline_.store(Clock::now() + time); }
    bool late() const { return Clock::now() > deadline_.load(std::memory_order_relaxed); }
    /// As if nothing had been requested, for the next run.
    void clear() {
        requested_.store(false, std::memory_order_relaxed);
        deadline_.store(Clock::time_point::max());
    }
    /// Throws Error(cancelled) once a stop was requested.
    void check() const {
        if (requested()) throw Error(Kind::cancelled, "stopped; nothing was left half-written");
    }

    /// While it is held, what calls pass() waits: something more urgent wants the processor. Not
    /// for long, lest the work starve.
    void hold(bool on) { heldUntil_.store(on ? Clock::now() + kHold : Clock::time_point()); }
    void pass() const {
        while (Clock::now() < heldUntil_.load() && !requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        check();
    }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kHold{3};

    std::atomic<bool> requested_{false};
    std::atomic<Clock::time_point> heldUntil_{Clock::time_point()};
    std::atomic<Clock::time_point> deadline_{Clock::time_point::max()};
};

}  // namespace acuity
