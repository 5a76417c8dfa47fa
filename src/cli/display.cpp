#include "cli/display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace acuity::cli {

Display::Display(const pipeline::Progress& progress, std::size_t pictures, bool quiet,
                 const char* speed)
    : progress_(progress),
      pictures_(pictures),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) && std::getenv("TERM") &&
                std::strcmp(std::getenv("TERM"), "dumb") != 0),
      speed_(speed) {
    if (quiet_ || !terminal_) return;
    thread_ = std::thread([this] {
        std::unique_lock lock(mutex_);
        while (!stop_) {
            wake_.wait_for(lock, std::chrono::milliseconds(100));
            if (!stop_) draw();
        }
        clear();
    });
}

Display::~Display() {
    {
        std::lock_guard guard(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Display::line(const std::string& text, bool isError) {
    if (quiet_ && !isError) return;
    std::lock_guard guard(mutex_);
    clear();
    fmt::print(stderr, "{}\n", text);
    std::fflush(stderr);
}

void Display::finishedOne() {
    std::lock_guard guard(mutex_);
    finished_++;
}

void Display::clear() {
    if (!drawn_) return;
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
    drawn_ = false;
}

void Display::draw() {
    fmt::print(stderr, "\r\033[K{}", bar());
    std::fflush(stderr);
    drawn_ = true;
}

std::string Display::bar() const {
    using seconds = std::chrono::duration<double>;
    const double elapsed = seconds(std::chrono::steady_clock::now() - began_).count();
    const double done = double(progress_.done) / 1e6, total = double(progress_.total) / 1e6;
    // Pictures not opened yet have no size: they count by the mean of those that were.
    const double share = total > 0 ? done / total : 0;
    const double part =
        pictures_ > 1 ? (double(finished_) + share) / (double(pictures_) + 1) : share;
    constexpr int kWidth = 24;
    const int full = std::clamp(int(part * kWidth), 0, kWidth);
    std::string line = fmt::format("[{}{}] {:3.0f}%", std::string(full, '#'),
                                   std::string(kWidth - full, '.'), part * 100);
    if (pictures_ > 1) line += fmt::format("  {} of {}", finished_, pictures_);
    if (done > 0 && elapsed > 0.5) {
        line += fmt::format("  {:.1f} {}", done / elapsed, speed_);
        if (part > 0.02) {
            const int left = int(elapsed / part - elapsed + 0.5);
            line += fmt::format("  {}:{:02} left", left / 60, left % 60);
        }
    }
    return line;
}

}  // namespace acuity::cli
