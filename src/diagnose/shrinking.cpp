#include "diagnose/shrinking.h"

#include <algorithm>
#include <cmath>

#include "ops/kernels.h"

namespace acuity::diagnose {
namespace {

/// Plain places gain by even smaller ones, and would win the vote; but what is small and clear,
/// like lettering, would be gone.
constexpr double kRatios[] = {0.85, 0.7, 0.6};

/// A line of `length` samples made smaller and brought back.
class There {
  public:
    There(int length, double ratio)
        : length_(length),
          small_(std::max(1, int(std::lround(length * ratio)))),
          down_(length, small_, ops::Kernel::bicubic),
          up_(small_, length, ops::Kernel::lanczos),
          line_(std::size_t(small_)) {}

    void back(const float* in, float* out, std::size_t step) {
        for (int i = 0; i < small_; i++) line_[std::size_t(i)] = sum(down_, i, in, length_, step);
        for (int i = 0; i < length_; i++)
            out[std::size_t(i) * step] = sum(up_, i, line_.data(), small_, 1);
    }

    /// Mean of what an impulse leaves of itself where it was.
    double kept() {
        const auto count = std::size_t(length_);
        std::vector<float> impulse(count), result(count);
        double trace = 0;
        for (std::size_t i = 0; i < count; i++) {
            impulse[i] = 1;
            back(impulse.data(), result.data(), 1);
            trace += double(result[i]);
            impulse[i] = 0;
        }
        return trace / length_;
    }

  private:
    static float sum(const ops::Axis& axis, int i, const float* line, int length,
                     std::size_t step) {
        const float* weights = axis.at(i);
        float total = 0;
        for (int k = 0; k < axis.taps; k++)
            total += weights[k] * line[mirrored(axis.first[std::size_t(i)] + k, length) * step];
        return total;
    }

    static std::size_t mirrored(int at, int length) {
        if (at < 0) at = -1 - at;
        if (at >= length) at = 2 * length - 1 - at;
        return std::size_t(std::clamp(at, 0, length - 1));
    }

    const int length_, small_;
    const ops::Axis down_, up_;
    std::vector<float> line_;
};

}  // namespace

std::vector<Shrinking> shrinkingsOf(const std::vector<Piece>& pieces) {
    std::vector<Shrinking> found;
    if (pieces.empty()) return found;
    const int width = pieces.front().place.width, height = pieces.front().place.height;
    std::vector<std::vector<float>> lumas;
    for (const Piece& piece : pieces) lumas.push_back(lumaOf(piece));
    for (const double ratio : kRatios) {
        There across(width, ratio), down(height, ratio);
        Shrinking shrinking{ratio, 0, 1 - across.kept() * down.kept()};
        for (const std::vector<float>& luma : lumas) {
            std::vector<float> half(luma.size()), back(luma.size());
            for (int y = 0; y < height; y++)
                across.back(&luma[std::size_t(y) * width], &half[std::size_t(y) * width], 1);
            for (int x = 0; x < width; x++)
                down.back(&half[std::size_t(x)], &back[std::size_t(x)], std::size_t(width));
            double sum = 0;
            for (std::size_t i = 0; i < luma.size(); i++)
                sum += double((luma[i] - back[i]) * (luma[i] - back[i]));
            shrinking.lost += sum / double(luma.size()) / double(pieces.size());
        }
        found.push_back(shrinking);
    }
    return found;
}

}  // namespace acuity::diagnose
