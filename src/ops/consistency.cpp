#include "ops/consistency.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "ops/planar.h"

namespace acuity::ops {
namespace {

constexpr std::pair<const char*, Reduction> kNames[] = {
    {"box", Reduction::box},         {"bilinear", Reduction::bilinear},
    {"hamming", Reduction::hamming}, {"bicubic", Reduction::bicubic},
    {"lanczos", Reduction::lanczos}, {"mitchell", Reduction::mitchell},
};

/// In input pixels.
int reachOf(Reduction reduction) {
    switch (reduction) {
        case Reduction::lanczos:
            return 3;
        case Reduction::bicubic:
        case Reduction::mitchell:
            return 2;
        default:
            return 1;
    }
}

double sinc(double x) {
    return std::abs(x) < 1e-9 ? 1 : std::sin(M_PI * x) / (M_PI * x);
}

double weight(Reduction reduction, double x) {
    x = std::abs(x);
    switch (reduction) {
        case Reduction::box:
            return x <= 0.5 + 1e-9 ? 1 : 0;
        case Reduction::bilinear:
            return std::max(0.0, 1 - x);
        case Reduction::hamming:
            return x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * std::cos(M_PI * x));
        case Reduction::bicubic:
            return keysCubic(x);
        case Reduction::lanczos:
            return x >= 3 ? 0 : sinc(x) * sinc(x / 3);
        case Reduction::mitchell:  // Mitchell and Netravali 1988, B = C = 1/3
            if (x < 1) return (7 * x * x * x - 12 * x * x + 16.0 / 3) / 6;
            if (x < 2) return (-7.0 / 3 * x * x * x + 12 * x * x - 20 * x + 32.0 / 3) / 6;
            return 0;
    }
    return 0;
}

/// The inverse of a symmetric filter, given by its values at 0, 1, 2..., as far as it matters.
std::vector<double> inverted(const std::vector<double>& filter) {
    constexpr int kPeriod = 256;
    constexpr double kNegligible = 2e-4;
    std::vector<double> inverse;
    for (int n = 0; n < kPeriod / 2; ++n) {
        double sum = 0;
        for (int k = 0; k < kPeriod; ++k) {
            double response = filter[0];
            for (std::size_t m = 1; m < filter.size(); ++m)
                response += 2 * filter[m] * std::cos(2 * M_PI * k * double(m) / kPeriod);
            sum += std::cos(2 * M_PI * k * n / kPeriod) / response;
        }
        inverse.push_back(sum / kPeriod);
    }
    while (inverse.size() > 1 && std::abs(inverse.back()) < kNegligible) inverse.pop_back();
    return inverse;
}

}  // namespace

std::optional<Reduction> reductionOfName(std::string_view name) {
    for (const auto& [known, reduction] : kNames)
        if (name == known) return reduction;
    return std::nullopt;
}

const char* name(Reduction reduction) {
    for (const auto& [known, value] : kNames)
        if (value == reduction) return known;
    return "";
}

Consistency::Consistency(int scale, Reduction reduction)
    : scale_(scale), reach_(reachOf(reduction)) {
    // Input pixel 0 has its centre at (scale - 1) / 2 output pixels.
    const double centre = (scale - 1) / 2.0;
    firstTap_ = int(std::ceil(centre - reach_ * scale));
    const int last = int(std::floor(centre + reach_ * scale));
    double sum = 0;
    for (int t = firstTap_; t <= last; ++t) sum += weight(reduction, (t - centre) / scale);
    for (int t = firstTap_; t <= last; ++t)
        taps_.push_back(float(weight(reduction, (t - centre) / scale) / sum));
    std::vector<double> both;  // D U at distances 0, 1, 2...
    for (int m = 0; m <= reach_ + 2; ++m) {
        double value = 0;
        for (int t = firstTap_; t <= last; ++t)
            value += taps_[std::size_t(t - firstTap_)] * keysCubic((t - centre) / scale - m);
        both.push_back(value);
    }
    const std::vector<double> half = inverted(both);
    inverseReach_ = int(half.size()) - 1;
    for (int n = -inverseReach_; n <= inverseReach_; ++n)
        inverse_.push_back(float(half[std::size_t(std::abs(n))]));
    reach_ = std::max(reach_, 2);  // that of U
}

const float* Consistency::tapsAt(int i, int from, int to) {
    const int first = i * scale_ + firstTap_, taps = int(taps_.size());
    if (first >= from && first + taps <= to) return taps_.data();
    cutTaps_.assign(taps_.begin(), taps_.end());
    float sum = 0;
    for (int t = 0; t < taps; ++t) {
        if (first + t < from || first + t >= to) cutTaps_[t] = 0;
        sum += cutTaps_[t];
    }
    for (float& tap : cutTaps_) tap /= sum;
    return cutTaps_.data();
}

/// x - D y inside the picture, zero where D reaches beyond y and beyond the picture.
void Consistency::residual(const float* y, const float* x, int stride, const Place& place) {
    const int wide = place.width * scale_, taps = int(taps_.size());
    const Rect& in = place.inside;
    // Where the picture goes on beyond the plane, D needs all its taps.
    const int top = in.top > 0 ? in.top : reach_, left = in.left > 0 ? in.left : reach_;
    const int bottom = in.bottom() < place.height ? in.bottom() : place.height - reach_;
    const int right = in.right() < place.width ? in.right() : place.width - reach_;
    difference_.assign(std::size_t(place.height) * place.width, 0);
    line_.resize(std::size_t(wide));
    for (int i = top; i < bottom; ++i) {
        const int row = i * scale_ + firstTap_;
        const float* down = tapsAt(i, in.top * scale_, in.bottom() * scale_);
        std::fill(line_.begin(), line_.end(), 0.0f);
        for (int t = 0; t < taps; ++t) {
            if (down[t] == 0) continue;
            const float* from = y + std::size_t(row + t) * wide;
            for (int j = 0; j < wide; ++j) line_[j] += down[t] * from[j];
        }
        for (int j = left; j < right; ++j) {
            const float* across = tapsAt(j, in.left * scale_, in.right() * scale_);
            const int column = j * scale_ + firstTap_;
            float sum = 0;
            for (int t = 0; t < taps; ++t)
                if (across[t] != 0) sum += across[t] * line_[column + t];
            difference_[std::size_t(i) * place.width + j] = x[std::size_t(i) * stride + j] - sum;
        }
    }
}

/// Beyond the picture the difference is its mirror image, as the input was there.
void Consistency::mirror(const Place& place) {
    const Rect& in = place.inside;
    const auto mirrored = [](int i, int from, int to) {
        if (i < from) i = 2 * from - 1 - i;
        if (i >= to) i = 2 * to - 1 - i;
        return std::clamp(i, from, to - 1);
    };
    for (int i = 0; i < place.height; ++i) {
        float* row = difference_.data() + std::size_t(i) * place.width;
        const int source = mirrored(i, in.top, in.bottom());
        if (source != i)
            std::copy_n(difference_.data() + std::size_t(source) * place.width, place.width, row);
    }
    for (int i = 0; i < place.height; ++i) {
        float* row = difference_.data() + std::size_t(i) * place.width;
        for (int j = 0; j < place.width; ++j) row[j] = row[mirrored(j, in.left, in.right())];
    }
}

/// The difference through the inverse of D U, along rows and then along columns.
void Consistency::sharpen(int height, int width) {
    const int r = inverseReach_;
    scratch_.assign(difference_.size(), 0);
    for (int i = 0; i < height; ++i)
        for (int n = -r; n <= r; ++n) {
            const float factor = inverse_[std::size_t(n + r)];
            const float* from = difference_.data() + std::size_t(i) * width + n;
            float* to = scratch_.data() + std::size_t(i) * width;
            for (int j = r; j < width - r; ++j) to[j] += factor * from[j];
        }
    std::fill(difference_.begin(), difference_.end(), 0.0f);
    for (int i = r; i < height - r; ++i)
        for (int n = -r; n <= r; ++n) {
            const float factor = inverse_[std::size_t(n + r)];
            const float* from = scratch_.data() + std::size_t(i + n) * width;
            float* to = difference_.data() + std::size_t(i) * width;
            for (int j = 0; j < width; ++j) to[j] += factor * from[j];
        }
}

void Consistency::apply(float* y, const float* x, int stride, const Place& place, float strength) {
    residual(y, x, stride, place);
    mirror(place);
    sharpen(place.height, place.width);
    for (float& value : difference_) value *= strength;
    CubicSkip enlarge(scale_);
    const int inner = place.width - 4;
    if (inner <= 0) return;
    for (int row = 2 * scale_; row < (place.height - 2) * scale_; ++row)
        enlarge.addRow(difference_.data(), place.width, row, 2, inner,
                       y + std::size_t(row) * place.width * scale_ + 2 * scale_);
}

}  // namespace acuity::ops
