// Works off the queue, one job at a time: each uses all cores.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "pipeline/job.h"
#include "server/events.h"
#include "server/gallery.h"
#include "server/intake.h"
#include "server/store.h"

namespace acuity::server {

class Worker {
  public:
    struct Limits {
        std::int64_t keepSeconds = 7 * 86400;  // files of finished jobs
    };

    Worker(Store& store, Events& events, Gallery& gallery, Intake& intake,
           const pipeline::Options& base, Limits limits);
    ~Worker();

    /// There is something new in the queue.
    void wake();
    /// Ends the job if it is running.
    void interrupt(const std::string& id);
    /// Waits at the next tile while something more urgent is computed.
    void hold(bool on);
    /// As docs/openapi.yaml describes a job.
    json describe(const JobEntry& job) const;
    void tell(const std::string& id);
    /// Ends the thread; a running job will be taken up by the next process.
    void end();

  private:
    void run();
    void work(JobEntry job);
    void enlarge(JobEntry& job, const PictureEntry& picture);
    void deliver(JobEntry& job) const;
    void expire();

    Store& store_;
    Events& events_;
    Gallery& gallery_;
    Intake& intake_;
    const pipeline::Options base_;
    const Limits limits_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool ended_ = false, woken_ = false;
    std::string running_;
    Cancel cancel_;
    std::shared_ptr<pipeline::Progress> progress_;
    std::chrono::steady_clock::time_point began_;
    std::int64_t expired_ = 0;
    std::thread thread_;
};

}  // namespace acuity::server
