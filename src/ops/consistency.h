// Consistency: what an enlarged picture says, shrunk again as the small one was made, must be what
// the small one said. All values are 0-1 planes; sizes in input (LR) pixels unless a name says
// other.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ops/tile_grid.h"

namespace acuity::ops {

/// What made a picture small: antialiased kernels as common programs have them.
enum class Reduction { box, bilinear, hamming, bicubic, lanczos, mitchell };

std::optional<Reduction> reductionOfName(std::string_view name);
const char* name(Reduction reduction);

/// Projects a result y onto those that reduce to the input x: y + U (D U)^-1 (x - D y), where D
/// reduces by a whole factor and U is the bicubic enlargement. D U is a small symmetric filter on
/// the grid of x, and its inverse decays fast enough to be one too.
class Consistency {
  public:
    Consistency(int scale, Reduction reduction);

    /// Input pixels that are needed around those that are to be corrected.
    int margin() const { return 2 * reach_ + inverseReach_; }

    /// Where the planes lie: height x width input pixels, of which only `inside` belong to the
    /// picture. Beyond it programs that shrink see nothing, and weigh what is left the more.
    struct Place {
        int height, width;
        Rect inside;
    };

    /// `y`: plane of (height * scale) x (width * scale), changed by `strength` (0 to 1) of the
    /// correction; `x`: plane of height x width with rows `stride` apart. The correction is right
    /// but for `margin()` input pixels along those borders of the planes that are not the
    /// picture's.
    void apply(float* y, const float* x, int stride, const Place& place, float strength);

  private:
    /// Taps of D on one axis, for the input pixel at `i`, within output pixels from..to.
    const float* tapsAt(int i, int from, int to);
    void residual(const float* y, const float* x, int stride, const Place& place);
    void mirror(const Place& place);
    void sharpen(int height, int width);

    int scale_, reach_, inverseReach_ = 0;
    int firstTap_;                // of D, relative to the first output pixel of an input pixel
    std::vector<float> taps_;     // of D
    std::vector<float> inverse_;  // of D U: 2 * inverseReach_ + 1 values
    std::vector<float> difference_, scratch_, line_, cutTaps_;
};

}  // namespace acuity::ops
