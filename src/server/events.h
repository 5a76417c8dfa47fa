// What happens, told to everybody who listens. The last ones are kept for those who come back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace acuity::server {

struct Event {
    std::int64_t number = 0;
    std::string type, data;
};

class Events {
  public:
    Events();
    void publish(const std::string& type, const nlohmann::json& data);

    /// Number of the latest one.
    std::int64_t latest() const;

    /// Those after number `last`, at once or within so many milliseconds; none when nothing
    /// happened or all is ending. `missed` is set where some of them are no longer kept.
    std::vector<Event> after(std::int64_t last, int milliseconds, bool& missed);

    /// Wakes everybody, for good.
    void end();

  private:
    static constexpr std::size_t kKept = 1000;

    mutable std::mutex mutex_;
    std::condition_variable happened_;
    std::deque<Event> kept_;
    // Numbers of different runs differ, so that a restart is noticed as events missed.
    std::int64_t next_;
    bool ended_ = false;
};

}  // namespace acuity::server
