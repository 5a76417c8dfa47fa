// Carries the first exception of a computation across code that can only say "it failed": libvips'
// C callbacks return -1, and what a person needs to know would be lost.
#pragma once

#include <exception>
#include <mutex>

namespace acuity {

class Failure {
  public:
    /// Call inside a catch block.
    void keep() {
        std::lock_guard guard(mutex_);
        if (!first_) first_ = std::current_exception();
    }
    void rethrow() const {
        std::lock_guard guard(mutex_);
        if (first_) std::rethrow_exception(first_);
    }

  private:
    mutable std::mutex mutex_;
    std::exception_ptr first_;
};

}  // namespace acuity
