// Cancellation shared by everything that works on one run. Safe to set from a signal handler.
#pragma once

#include <atomic>

#include "base/error.h"

namespace acuity {

class Cancel {
  public:
    void request() { requested_.store(true, std::memory_order_relaxed); }
    bool requested() const { return requested_.load(std::memory_order_relaxed); }
    /// Throws Error(cancelled) once a stop was requested.
    void check() const {
        if (requested()) throw Error(Kind::cancelled, "stopped; nothing was left half-written");
    }

  private:
    std::atomic<bool> requested_{false};
};

}  // namespace acuity
