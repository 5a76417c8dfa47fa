// A picture sent round: shrunk, stored, enlarged again, and so on, as pictures live when they are
// passed on. What is left of it says how safe an enlarger is to use twice.
#pragma once

#include <deque>
#include <optional>
#include <vips/vips8>

#include "ops/metrics.h"
#include "pipeline/session.h"

namespace acuity::pipeline {

/// What happens to a picture between two enlargements.
struct Journey {
    double factor = 4;
    std::optional<ops::Kernel> kernel;  // nothing: each round another one of the six, by lot
    int jpeg = 0;                       // quality it is stored with; 0: nothing is lost
    unsigned seed = 1;                  // of the lots
    bool known = false;                 // the enlarger is told the kernel

    /// The kernel that shrinks in a round, 1 the first.
    ops::Kernel kernelOf(int round) const;
};

struct Round {
    ops::Kernel kernel = ops::Kernel::bicubic;
    ops::Scores toOriginal, toFirst;  // of the enlarged picture; to round 1's
    double drift = 0;                 // dB, Y channel: the small picture against round 1's
};

/// One picture on its way with one enlarger: the model and options of `session`, whose size is not
/// asked.
class Traveller {
  public:
    /// `original`: upright, of 1 or 3 bands, uchar, in memory.
    /// Throws Error(usage) when it is too small to be shrunk.
    Traveller(const vips::VImage& original, const Journey& journey, Session& session);

    /// Shrinks, stores and enlarges what there is. A small picture that was there in one of the
    /// last two rounds that were computed has the same result, which is not computed again. Throws
    /// Error.
    Round next();
    const vips::VImage& picture() const { return large_; }

  private:
    struct Past {
        vips::VImage small, large;
        Round round;
    };

    vips::VImage shrunk(ops::Kernel kernel) const;
    bool same(const Past& past, const vips::VImage& small, ops::Kernel kernel) const;

    const vips::VImage original_;
    const Journey journey_;
    Session& session_;
    vips::VImage large_, firstLarge_, firstSmall_;
    std::deque<Past> past_;  // as computed, the latest first
    Dimensions small_;
    int round_ = 0;
};

}  // namespace acuity::pipeline
