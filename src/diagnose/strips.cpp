#include "diagnose/strips.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace acuity::diagnose {
namespace {

constexpr int kLength = 96;  // samples of a strip, about
constexpr int kBand = 6;     // no two kernels farther apart overlap

/// What is looked at: a sum of red, green and blue.
struct Mix {
    float red, green, blue;
};
constexpr Mix kLuma{0.299f, 0.587f, 0.114f}, kRed{1, 0, 0}, kGreen{0, 1, 0}, kBlue{0, 0, 1};

/// Samples in levels of 255 less their mean, and whether one of the colours in it was cut off at
/// black or white.
struct Plane {
    std::vector<float> values;
    std::vector<char> cut;
};

Plane planeOf(const Piece& piece, const Mix& mix) {
    const std::size_t area = std::size_t(piece.place.width) * std::size_t(piece.place.height);
    Plane plane{std::vector<float>(area), std::vector<char>(area)};
    const float shares[] = {mix.red, mix.green, mix.blue};
    for (std::size_t c = 0; c < 3; c++) {
        if (shares[c] == 0) continue;
        const float* from = piece.planes.data() + c * area;
        for (std::size_t i = 0; i < area; i++) {
            plane.cut[i] |= from[i] <= 0 || from[i] >= 1;
            plane.values[i] += 255 * shares[c] * from[i];
        }
    }
    const double mean =
        std::accumulate(plane.values.begin(), plane.values.end(), 0.0) / double(area);
    for (float& value : plane.values) value -= float(mean);
    return plane;
}

/// A plane as lines in one direction.
struct Lines {
    const Plane& plane;
    int length = 0, count = 0;
    std::size_t step = 1, stride = 1;  // from sample to sample, and from line to line

    std::size_t place(int line, int i) const {
        return std::size_t(line) * stride + std::size_t(i) * step;
    }
};

Lines linesOf(const Plane& plane, const ops::Rect& place, bool alongRows) {
    const auto width = std::size_t(place.width);
    return alongRows ? Lines{plane, place.width, place.height, 1, width}
                     : Lines{plane, place.height, place.width, width, 1};
}

/// Those that are nowhere cut from sample `from` on.
std::vector<int> wholeOnes(const Lines& lines, int from, int length) {
    std::vector<int> kept;
    for (int line = 0; line < lines.count; line++) {
        bool whole = true;
        for (int i = 0; i < length && whole; i++)
            whole = !lines.plane.cut[lines.place(line, from + i)];
        if (whole) kept.push_back(line);
    }
    return kept;
}

/// Cholesky: the lower triangle whose product with itself transposed is the lines' covariance.
std::vector<float> condensed(const Lines& lines, const std::vector<int>& kept, int from,
                             int length) {
    const auto n = std::size_t(length);
    const double count = double(kept.size());
    std::vector<double> products(n * n), line(n);
    for (const int number : kept) {
        for (std::size_t i = 0; i < n; i++)
            line[i] = double(lines.plane.values[lines.place(number, from + int(i))]);
        for (std::size_t i = 0; i < n; i++) {
            double* row = &products[i * n];
            for (std::size_t j = 0; j <= i; j++) row[j] += line[i] * line[j];
        }
    }
    constexpr double kNothing = 1e-6;  // squared levels that rounding leaves
    std::vector<float> values(n * n);
    for (std::size_t j = 0; j < n; j++) {
        const double left = products[j * n + j];
        const double pivot = left > kNothing * count ? std::sqrt(left) : 0;
        for (std::size_t i = j; i < n; i++) {
            double& value = products[i * n + j];
            value = pivot > 0 ? value / pivot : 0;
            values[i * n + j] = float(value / std::sqrt(count));
        }
        for (std::size_t i = j + 1; i < n; i++)
            for (std::size_t k = j + 1; k <= i; k++)
                products[i * n + k] -= products[i * n + j] * products[k * n + j];
    }
    return values;
}

/// Sum of squares, in partial sums that a processor computes side by side.
double energyOf(const float* values, std::size_t count) {
    constexpr std::size_t kAside = 16;
    float sums[kAside] = {};
    const std::size_t even = count / kAside * kAside;
    for (std::size_t i = 0; i < even; i += kAside)
        for (std::size_t k = 0; k < kAside; k++) sums[k] += values[i + k] * values[i + k];
    for (std::size_t i = even; i < count; i++) sums[i - even] += values[i] * values[i];
    return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

}  // namespace

std::vector<Strip> stripsOf(const Piece& piece, bool alongRows) {
    constexpr Mix kMixes[] = {kLuma, kGreen, kRed, kBlue};
    std::vector<Plane> planes{planeOf(piece, kLuma)};  // the others only where they are needed
    const int begin = alongRows ? piece.place.left : piece.place.top;
    const int whole = linesOf(planes[0], piece.place, alongRows).length;
    const int count = std::max(1, (whole + kLength / 2) / kLength);
    std::vector<Strip> strips;
    for (int strip = 0; strip < count; strip++) {
        const int from = whole * strip / count, length = whole * (strip + 1) / count - from;
        // The first plane that has enough lines.
        std::size_t best = 0;
        std::vector<int> kept;
        for (std::size_t i = 0; i < std::size(kMixes); i++) {
            if (i == planes.size()) planes.push_back(planeOf(piece, kMixes[i]));
            const Lines lines = linesOf(planes[i], piece.place, alongRows);
            kept = wholeOnes(lines, from, length);
            best = i;
            if (int(kept.size()) >= lines.count / 4) break;
        }
        const Lines all = linesOf(planes[best], piece.place, alongRows);
        if (int(kept.size()) < all.count / 4) {
            best = 0;
            kept.resize(std::size_t(all.count));
            std::iota(kept.begin(), kept.end(), 0);
        }
        Strip fresh{begin + from, length,
                    condensed(linesOf(planes[best], piece.place, alongRows), kept, from, length)};
        for (const float value : fresh.values) fresh.energy += double(value) * double(value);
        strips.push_back(std::move(fresh));
    }
    return strips;
}

double outside(const Strip& strip, ops::Kernel kernel, int source, int target) {
    const double ratio = double(source) / target, radius = ops::radius(kernel);
    const auto centre = [&](int i) { return (i + 0.5) * ratio - 0.5; };
    const int first = int(std::ceil(centre(strip.at) - radius - 1e-9));
    const int last = int(std::floor(centre(strip.at + strip.length - 1) + radius + 1e-9));
    const int unknowns = last - first + 1;
    const auto count = std::size_t(strip.length);
    std::vector<double> gram(std::size_t(unknowns) * (kBand + 1));
    std::vector<float> right(std::size_t(unknowns) * count);
    const auto at = [&](int row, int back) -> double& {
        return gram[std::size_t(row) * (kBand + 1) + std::size_t(back)];
    };
    std::vector<std::size_t> filled(std::size_t(unknowns), 0);  // lines that have started there
    int band = 0;
    for (int i = 0; i < strip.length; i++) {
        const double middle = centre(strip.at + i);
        const int from = int(std::ceil(middle - radius - 1e-9));
        const int taps = int(std::floor(middle + radius + 1e-9)) - from + 1;
        band = std::max(band, taps - 1);
        double weights[kBand + 1], sum = 0;
        for (int k = 0; k < taps; k++) sum += weights[k] = ops::weight(kernel, from + k - middle);
        const float* line = &strip.values[std::size_t(i) * count];
        const auto started = std::size_t(i + 1);
        for (int k = 0; k < taps; k++) {
            weights[k] /= sum;
            for (int back = 0; back <= k; back++)
                at(from + k - first, back) += weights[k] * weights[k - back];
            const auto unknown = std::size_t(from + k - first);
            float* to = &right[unknown * count];
            const float share = float(weights[k]);
            for (std::size_t r = 0; r < started; r++) to[r] += share * line[r];
            filled[unknown] = started;
        }
    }
    // Cholesky; unknowns at the ends that hardly weigh are held near zero.
    constexpr double kHeld = 1e-7;
    double dimensions = strip.length, left = strip.energy;
    for (int i = 0; i < unknowns; i++) {
        for (int back = std::min(band, i); back >= 0; back--) {
            const int j = i - back;
            double value = at(i, back);
            for (int k = std::max({0, i - band, j - band}); k < j; k++)
                value -= at(i, i - k) * at(j, j - k);
            if (back > 0) {
                at(i, back) = value / at(j, 0);
                continue;
            }
            value = std::max(value, 0.0);
            dimensions -= value / (value + kHeld);
            at(i, 0) = std::sqrt(value + kHeld);
        }
        float* to = &right[std::size_t(i) * count];
        for (int back = 1; back <= std::min(band, i); back++) {
            const float share = float(at(i, back));
            const float* from = &right[std::size_t(i - back) * count];
            const std::size_t started = filled[std::size_t(i - back)];
            for (std::size_t r = 0; r < started; r++) to[r] -= share * from[r];
        }
        const float scale = float(1 / at(i, 0));
        const std::size_t started = filled[std::size_t(i)];
        for (std::size_t r = 0; r < started; r++) to[r] *= scale;
        left -= energyOf(to, started);
    }
    return std::max(0.0, left) / std::max(1.0, dimensions);
}

}  // namespace acuity::diagnose
