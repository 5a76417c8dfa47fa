// Measures pictures that came in, one after another, in the background.
#pragma once

#include "base/cancel.h"
#include "server/events.h"
#include "server/gallery.h"
#include "server/loop.h"
#include "server/store.h"

namespace acuity::server {

class Measuring {
  public:
    Measuring(Store& store, Events& events, Gallery& gallery, const pipeline::Options& base);

    void wake() { loop_.wake(); }
    void end();
    /// As docs/openapi.yaml describes a picture.
    static json describe(const PictureEntry& picture);

  private:
    bool measureNext();
    json measured(const PictureEntry& picture);

    Store& store_;
    Events& events_;
    Gallery& gallery_;
    const pipeline::Options base_;
    Cancel cancel_;
    Loop loop_;  // last: it uses the rest
};

}  // namespace acuity::server
