#include "ops/band.h"

#include <algorithm>

namespace acuity::ops {
namespace {

/// Row `i` of the inverse of `band` into `row` (Inverse::kTaps values), from the samples near it:
/// z with z B = e_i, by elimination without exchanges.
void inverseRow(const Band& band, int i, float* row) {
    constexpr int kMost = Inverse::kTaps;
    const int from = std::max(0, i - Inverse::kReach);
    const int size = std::min(band.size(), i + Inverse::kReach + 1) - from;
    double m[kMost][kMost], right[kMost] = {};
    for (int r = 0; r < size; r++)
        for (int c = 0; c < size; c++) m[r][c] = band.at(from + c, from + r);
    right[i - from] = 1;
    for (int pivot = 0; pivot < size; pivot++)
        for (int r = pivot + 1; r < std::min(size, pivot + Band::kHalf + 1); r++) {
            const double share = m[r][pivot] / m[pivot][pivot];
            for (int c = pivot; c < std::min(size, pivot + Band::kHalf + 1); c++)
                m[r][c] -= share * m[pivot][c];
            right[r] -= share * right[pivot];
        }
    for (int r = size - 1; r >= 0; r--) {
        for (int c = r + 1; c < std::min(size, r + Band::kHalf + 1); c++)
            right[r] -= m[r][c] * right[c];
        right[r] /= m[r][r];
    }
    for (int r = 0; r < size; r++) row[from + r - i + Inverse::kReach] = float(right[r]);
}

}  // namespace

Inverse::Inverse(const Band& band, bool alike) : weights(std::size_t(band.size()) * kTaps) {
    std::vector<float> middle(kTaps);
    if (alike) inverseRow(band, band.size() / 2, middle.data());
    for (int i = 0; i < band.size(); i++) {
        float* row = weights.data() + std::size_t(i) * kTaps;
        if (alike && std::min(i, band.size() - 1 - i) > 2 * kReach)
            std::copy(middle.begin(), middle.end(), row);
        else
            inverseRow(band, i, row);
    }
}

}  // namespace acuity::ops
