// A thread that does the same thing again and again: at once while there is more to do, else when
// it is woken or has rested long enough.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace acuity::server {

class Loop {
  public:
    /// `step` says whether there is more to do. What it throws is told on standard error.
    Loop(std::function<bool()> step, std::chrono::milliseconds rest);
    ~Loop();
    Loop(const Loop&) = delete;

    /// There is something new to do.
    void wake();
    /// Waits for the step under way; none follows.
    void end();

  private:
    void run(std::chrono::milliseconds rest);

    const std::function<bool()> step_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false, woken_ = false;
    std::thread thread_;
};

}  // namespace acuity::server
