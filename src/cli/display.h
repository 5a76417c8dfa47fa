// What a person sees while pictures are worked on: a bar on a terminal, plain lines otherwise.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "pipeline/job.h"

namespace acuity::cli {

class Display {
  public:
    /// `quiet` shows nothing but errors; `speed` is the unit of a million each second.
    Display(const pipeline::Progress& progress, std::size_t pictures, bool quiet,
            const char* speed = "MP/s");
    ~Display();

    /// A line about a finished picture, above the bar. Errors are shown even when quiet.
    void line(const std::string& text, bool isError);
    void finishedOne();

  private:
    void draw();
    void clear();
    std::string bar() const;

    const pipeline::Progress& progress_;
    const std::size_t pictures_;
    const bool quiet_, terminal_;
    const char* const speed_;
    std::size_t finished_ = 0;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stop_ = false, drawn_ = false;
    std::thread thread_;
};

}  // namespace acuity::cli
