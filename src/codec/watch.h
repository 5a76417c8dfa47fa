// Progress, cancellation and failure of one evaluation.
#pragma once

#include <atomic>
#include <functional>
#include <vips/vips8>

#include "base/cancel.h"

namespace acuity::codec {

/// A picture to be evaluated in place of the one given: reports its progress, stops once `cancel`
/// says so, and loses no error. libvips 8.14 can forget one (the last tiles are computed while
/// another thread already ends the run) or abort over it, so a part that cannot be made is noted
/// here, passed on as black, and thrown by finish() when all is over.
class Watch {
  public:
    Watch(const vips::VImage& image, const Cancel* cancel, std::function<void(double)> progress);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Evaluate this one, while the Watch lives.
    const vips::VImage& image() const { return image_; }
    /// Call after the evaluation: reports progress 1. Throws VError when a part of the picture
    /// could not be made.
    void finish() const;

  private:
    static int pass(VipsRegion* out, void* sequence, void*, void* watch, gboolean*);
    static void evaluated(VipsImage*, VipsProgress* progress, Watch* watch);

    vips::VImage image_;
    const Cancel* cancel_;
    std::function<void(double)> progress_;
    std::atomic<bool> failed_ = false;
    gulong signal_ = 0;
};

}  // namespace acuity::codec
