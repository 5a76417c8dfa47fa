#include "ops/undo.h"

#include <algorithm>
#include <cmath>

#include "ops/band.h"
#include "ops/resample.h"

namespace acuity::ops {
namespace {

/// U^T U: how much two samples have in common once they are enlarged.
Band common(const Axis& up, int small, int large) {
    Band band(small);
    for (int x = 0; x < large; x++) {
        const float* weights = up.at(x);
        const int first = up.first[std::size_t(x)];
        for (int a = 0; a < up.taps; a++)
            for (int b = 0; b < up.taps; b++)
                if (weights[a] != 0 && weights[b] != 0)
                    band.add(first + a, first + b, double(weights[a]) * double(weights[b]));
    }
    return band;
}

/// Without taps at both ends that together weigh nothing to speak of anywhere.
Axis trimmed(const Axis& wide) {
    constexpr float kNothing = 2e-4f;
    const std::size_t count = wide.first.size();
    int most = 0;  // taps kept on each side of the middle
    const int middle = wide.taps / 2;
    for (std::size_t i = 0; i < count; i++) {
        const float* weights = wide.at(int(i));
        float left = 0;
        int reach = middle;
        while (reach > most) {
            left += std::abs(weights[middle - reach]);
            if (middle + reach < wide.taps) left += std::abs(weights[middle + reach]);
            if (left > kNothing) break;
            reach--;
        }
        most = std::max(most, reach);
    }
    Axis narrow(2 * most + 1, int(count));
    for (std::size_t i = 0; i < count; i++) {
        narrow.first[i] = wide.first[i] + middle - most;
        float sum = 0;
        for (int k = 0; k < narrow.taps; k++) {
            const int from = middle - most + k;
            const float weight = from < wide.taps ? wide.at(int(i))[from] : 0;
            narrow.weights[i * std::size_t(narrow.taps) + std::size_t(k)] = weight;
            sum += weight;
        }
        for (int k = 0; k < narrow.taps; k++)
            narrow.weights[i * std::size_t(narrow.taps) + std::size_t(k)] /= sum;
    }
    return narrow;
}

}  // namespace

Axis undoing(int large, int small, Kernel kernel) {
    if (large == small) {
        Axis same(1, small);
        for (int i = 0; i < small; i++) same.first[std::size_t(i)] = i;
        std::fill(same.weights.begin(), same.weights.end(), 1.0f);
        return same;
    }
    const Axis up(small, large, kernel, Borders::cut);
    const Inverse inverse(common(up, small, large), large % small == 0);
    const double factor = double(large) / small;
    const int reach = int(std::ceil((Inverse::kReach + radius(kernel) + 0.5) * factor)) + 1;
    Axis wide(2 * reach + 1, small);
    for (int i = 0; i < small; i++) wide.first[std::size_t(i)] = int((i + 0.5) * factor) - reach;
    for (int x = 0; x < large; x++)
        for (int k = 0; k < up.taps; k++) {
            const float weight = up.at(x)[k];
            if (weight == 0) continue;
            const int j = up.first[std::size_t(x)] + k;
            const int from = std::max(0, j - Inverse::kReach);
            const int to = std::min(small - 1, j + Inverse::kReach);
            for (int i = from; i <= to; i++)
                wide.weights[std::size_t(i) * std::size_t(wide.taps) +
                             std::size_t(x - wide.first[std::size_t(i)])] +=
                    inverse.at(i)[j - i + Inverse::kReach] * weight;
        }
    return trimmed(wide);
}

vips::VImage undone(const vips::VImage& enlarged, int width, int height, Kernel kernel) {
    return resample(enlarged, undoing(enlarged.width(), width, kernel),
                    undoing(enlarged.height(), height, kernel));
}

}  // namespace acuity::ops
