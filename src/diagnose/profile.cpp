#include "diagnose/profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "diagnose/pieces.h"

namespace acuity::diagnose {
namespace {

constexpr int kStrips = 4, kStrip = 96;  // lines

/// Adds what one line bends by; its samples are `step` apart.
void add(const float* luma, std::size_t step, std::vector<float>& sums) {
    for (std::size_t i = 1; i + 1 < sums.size(); i++) {
        const float* at = luma + i * step;
        const float bend = std::abs(at[-std::ptrdiff_t(step)] - 2 * at[0] + at[step]);
        sums[i] += std::log(bend + 0.5f);
    }
}

/// Less the mean of what lies around each place.
std::vector<double> levelled(const std::vector<double>& values) {
    constexpr int kAround = 9;
    const int n = int(values.size());
    std::vector<double> result(values.size());
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = -kAround; k <= kAround; k++) {
            const int at = i + k < 0 ? -(i + k) : i + k >= n ? 2 * n - 2 - i - k : i + k;
            sum += values[std::size_t(at)];
        }
        result[std::size_t(i)] = values[std::size_t(i)] - sum / (2 * kAround + 1);
    }
    return result;
}

}  // namespace

Profile profileOf(const vips::VImage& colour, bool alongRows) {
    const int length = alongRows ? colour.width() : colour.height();
    const int lines = alongRows ? colour.height() : colour.width();
    const int seen = std::min(length, kLongestLine), from = (length - seen) / 2;
    const int strips = std::clamp(lines / kStrip, 1, kStrips), thick = std::min(lines, kStrip);
    std::vector<float> sums(static_cast<std::size_t>(seen));
    for (int strip = 0; strip < strips; strip++) {
        const int at = strips == 1 ? (lines - thick) / 2
                                   : int(std::int64_t(lines - thick) * strip / (strips - 1));
        const Piece piece = pieceOf(colour, alongRows ? ops::Rect{from, at, seen, thick}
                                                      : ops::Rect{at, from, thick, seen});
        const std::vector<float> luma = lumaOf(piece);
        for (int i = 0; i < thick; i++)
            add(luma.data() + std::size_t(i) * (alongRows ? std::size_t(seen) : 1),
                alongRows ? 1 : std::size_t(thick), sums);
    }
    std::vector<double> values(sums.begin(), sums.end());
    for (double& value : values) value /= strips * thick;
    values.front() = values[1];
    values.back() = values[values.size() - 2];
    const double activity =
        std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
    return {levelled(values), activity};
}

std::vector<double> spectrum(const std::vector<double>& line, int finer) {
    const int around = 12 * finer;
    const std::size_t n = line.size() * std::size_t(finer);
    std::vector<double> cosine(n), sine(n), power(n / 2 + 1);
    for (std::size_t i = 0; i < n; i++) {
        cosine[i] = std::cos(2 * M_PI * double(i) / double(n));
        sine[i] = std::sin(2 * M_PI * double(i) / double(n));
    }
    for (std::size_t k = 0; k < power.size(); k++) {
        double real = 0, imaginary = 0;
        std::size_t at = 0;
        for (const double value : line) {
            real += value * cosine[at];
            imaginary += value * sine[at];
            at += k;
            if (at >= n) at -= n;
        }
        power[k] = real * real + imaginary * imaginary;
    }
    std::vector<double> relative(power.size()), near;
    const int last = int(power.size()) - 1;
    for (int k = 0; k <= last; k++) {
        near.clear();
        for (int i = -around; i <= around; i++)
            near.push_back(power[std::size_t(last - std::abs(last - std::abs(k + i)))]);
        const auto middle = near.begin() + around;
        std::nth_element(near.begin(), middle, near.end());
        relative[std::size_t(k)] = std::log(2) * power[std::size_t(k)] / (*middle + 1e-12);
    }
    return relative;
}

}  // namespace acuity::diagnose
