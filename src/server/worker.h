// Works off the queue, one job at a time: each uses all cores.
#pragma once

#include <mutex>

#include "pipeline/job.h"
#include "server/events.h"
#include "server/gallery.h"
#include "server/intake.h"
#include "server/loop.h"
#include "server/store.h"

namespace acuity::server {

class Worker {
  public:
    /// `keep`: seconds that files of finished jobs stay.
    Worker(Store& store, Events& events, Gallery& gallery, Intake& intake,
           const pipeline::Options& base, std::int64_t keep);

    /// There is something new in the queue.
    void wake() { loop_.wake(); }
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
    bool workNext();
    void work(JobEntry job);
    void noted(const std::function<void()>& note);
    void enlarge(JobEntry& job, const PictureEntry& picture);
    void deliver(JobEntry& job) const;
    void expire();

    Store& store_;
    Events& events_;
    Gallery& gallery_;
    Intake& intake_;
    const pipeline::Options base_;
    const std::int64_t keep_;

    mutable std::mutex mutex_;
    bool ended_ = false;
    std::string running_;
    Cancel cancel_;
    std::shared_ptr<pipeline::Progress> progress_;
    std::chrono::steady_clock::time_point began_;
    std::int64_t expired_ = 0;
    Loop loop_;  // last: it uses the rest
};

}  // namespace acuity::server
