// Progress and cancellation of one evaluation.
#pragma once

#include <functional>
#include <vips/vips8>

#include "base/cancel.h"

namespace acuity::codec {

/// While it lives, evaluations of `image` report their progress, and stop once `cancel` says so.
class Watch {
  public:
    Watch(const vips::VImage& image, const Cancel* cancel, std::function<void(double)> progress);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

  private:
    static void evaluated(VipsImage*, VipsProgress* progress, Watch* watch);

    vips::VImage image_;
    const Cancel* cancel_;
    std::function<void(double)> progress_;
    gulong signal_ = 0;
};

}  // namespace acuity::codec
