// Matrices over a line whose values lie near the diagonal, as those of resampling there and back
// do, and their inverses, which nearly do so.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <vector>

namespace acuity::ops {

class Band {
  public:
    static constexpr int kHalf = 6;

    explicit Band(int size) : size_(size), values_(std::size_t(size) * (2 * kHalf + 1)) {}

    /// What lies farther from the diagonal than `kHalf` is left out.
    void add(int i, int j, double value) {
        if (std::abs(j - i) <= kHalf) values_[place(i, j)] += value;
    }
    double at(int i, int j) const { return std::abs(j - i) > kHalf ? 0 : values_[place(i, j)]; }
    int size() const { return size_; }

  private:
    static std::size_t place(int i, int j) {
        return std::size_t(i) * (2 * kHalf + 1) + std::size_t(j - i + kHalf);
    }

    int size_;
    std::vector<double> values_;
};

/// Rows of a band's inverse, as far as they matter.
struct Inverse {
    static constexpr int kReach = 12;
    static constexpr int kTaps = 2 * kReach + 1;
    std::vector<float> weights;  // [sample][kTaps]; the first tap is sample - kReach

    /// `alike`: rows far from both ends are the same. The band's diagonal must dominate, or the
    /// band be symmetric and positive.
    Inverse(const Band& band, bool alike);
    const float* at(int i) const { return &weights[std::size_t(i) * kTaps]; }
};

}  // namespace acuity::ops
