#include "server/events.h"

#include <chrono>

#include "base/json.h"

namespace acuity::server {

using namespace std::chrono;

Events::Events()
    : next_(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count() * 1000) {}

void Events::publish(const std::string& type, const nlohmann::json& data) {
    {
        std::lock_guard guard(mutex_);
        kept_.push_back({next_++, type, jsonText(data)});
        if (kept_.size() > kKept) kept_.pop_front();
    }
    happened_.notify_all();
}

std::int64_t Events::latest() const {
    std::lock_guard guard(mutex_);
    return next_ - 1;
}

std::vector<Event> Events::after(std::int64_t last, int milliseconds, bool& missed) {
    std::unique_lock lock(mutex_);
    happened_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                       [&] { return ended_ || last < next_ - 1; });
    const std::int64_t oldest = kept_.empty() ? next_ : kept_.front().number;
    missed = last < oldest - 1 || last >= next_;
    std::vector<Event> found;
    for (const Event& event : kept_)
        if (event.number > last) found.push_back(event);
    return found;
}

void Events::end() {
    {
        std::lock_guard guard(mutex_);
        ended_ = true;
    }
    happened_.notify_all();
}

}  // namespace acuity::server
