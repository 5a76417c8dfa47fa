// Measures pictures that came in, one after another, in the background.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/cancel.h"
#include "server/events.h"
#include "server/gallery.h"
#include "server/store.h"

namespace acuity::server {

class Measuring {
  public:
    Measuring(Store& store, Events& events, Gallery& gallery, const pipeline::Options& base);
    ~Measuring();

    void wake();
    void end();
    /// As docs/openapi.yaml describes a picture.
    static json describe(const PictureEntry& picture);

  private:
    void run();
    json measured(const PictureEntry& picture);

    Store& store_;
    Events& events_;
    Gallery& gallery_;
    const pipeline::Options base_;
    Cancel cancel_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool ended_ = false, woken_ = false;
    std::thread thread_;
};

}  // namespace acuity::server
