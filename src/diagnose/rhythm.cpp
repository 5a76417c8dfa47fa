#include "diagnose/rhythm.h"

#include <algorithm>
#include <cmath>

#include "diagnose/network.h"
#include "diagnose/pieces.h"

namespace acuity::diagnose {
namespace {

constexpr int kStrips = 4, kStrip = 96;  // lines
constexpr int kBlock = 8;                // JPEG's
constexpr std::size_t kMost = 8;

/// Mean logarithm of how much a line bends at each of its places, over many lines.
class Profile {
  public:
    explicit Profile(int length) : sums_(std::size_t(length)) {}

    /// `luma`: one line, its samples `step` apart.
    void add(const float* luma, std::size_t step) {
        for (std::size_t i = 1; i + 1 < sums_.size(); i++) {
            const float* at = luma + i * step;
            const float bend = std::abs(at[-std::ptrdiff_t(step)] - 2 * at[0] + at[step]);
            sums_[i] += std::log(bend + 0.5f);
        }
        lines_++;
    }

    /// Without what changes slowly and, where it is asked for, without the rhythm of blocks.
    std::vector<double> rhythm(bool withBlocks) const {
        constexpr int kAround = 9;
        const int n = int(sums_.size());
        std::vector<double> values(sums_.begin(), sums_.end());
        values.front() = values[1];
        values.back() = values[std::size_t(n - 2)];
        std::vector<double> result(values.size());
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int k = -kAround; k <= kAround; k++) {
                const int at = i + k < 0 ? -(i + k) : i + k >= n ? 2 * n - 2 - i - k : i + k;
                sum += values[std::size_t(at)];
            }
            result[std::size_t(i)] =
                (values[std::size_t(i)] - sum / (2 * kAround + 1)) / std::max(1, lines_);
        }
        for (int phase = 0; phase < kBlock && !withBlocks; phase++) {
            double sum = 0;
            int count = 0;
            for (int i = phase; i < n; i += kBlock, count++) sum += result[std::size_t(i)];
            for (int i = phase; i < n; i += kBlock) result[std::size_t(i)] -= sum / count;
        }
        return result;
    }

  private:
    std::vector<float> sums_;
    int lines_ = 0;
};

/// Power at 0 to n / 2 cycles per line, over the median of its neighbours'.
std::vector<double> spectrum(const std::vector<double>& line) {
    constexpr int kAround = 12;
    const std::size_t n = line.size();
    std::vector<double> cosine(n), sine(n), power(n / 2 + 1);
    for (std::size_t i = 0; i < n; i++) {
        cosine[i] = std::cos(2 * M_PI * double(i) / double(n));
        sine[i] = std::sin(2 * M_PI * double(i) / double(n));
    }
    for (std::size_t k = 0; k < power.size(); k++) {
        double real = 0, imaginary = 0;
        std::size_t at = 0;
        for (std::size_t i = 0; i < n; i++) {
            real += line[i] * cosine[at];
            imaginary += line[i] * sine[at];
            at += k;
            if (at >= n) at -= n;
        }
        power[k] = real * real + imaginary * imaginary;
    }
    std::vector<double> relative(power.size()), around;
    const int last = int(power.size()) - 1;
    for (int k = 0; k <= last; k++) {
        around.clear();
        for (int i = -kAround; i <= kAround; i++)
            around.push_back(power[std::size_t(last - std::abs(last - std::abs(k + i)))]);
        const auto middle = around.begin() + kAround;
        std::nth_element(around.begin(), middle, around.end());
        relative[std::size_t(k)] = std::log(2) * power[std::size_t(k)] / (*middle + 1e-12);
    }
    return relative;
}

/// At a share of the length: of so many pixels in a hundred that are old. What repeats more often
/// than every second pixel shows as its mirror image.
double powerAt(const std::vector<double>& spectrum, double share) {
    constexpr double kOn = 1e-6;  // one of them, up to rounding
    const double at = std::min(share, 1 - share) * 2 * double(spectrum.size() - 1);
    const auto low = std::min(spectrum.size() - 1, std::size_t(at + kOn));
    const auto high = std::min(spectrum.size() - 1, std::size_t(std::ceil(at - kOn)));
    return std::max(spectrum[low], spectrum[high]);
}

}  // namespace

/// Of the profile along rows, or columns.
Rhythms::Spectra Rhythms::spectraOf(const vips::VImage& colour, bool alongRows) {
    const int length = alongRows ? colour.width() : colour.height();
    const int lines = alongRows ? colour.height() : colour.width();
    const int seen = std::min(length, kLongestLine), from = (length - seen) / 2;
    const int strips = std::clamp(lines / kStrip, 1, kStrips), thick = std::min(lines, kStrip);
    Profile profile(seen);
    for (int strip = 0; strip < strips; strip++) {
        const int at = strips == 1 ? (lines - thick) / 2
                                   : int(std::int64_t(lines - thick) * strip / (strips - 1));
        const Piece piece = pieceOf(colour, alongRows ? ops::Rect{from, at, seen, thick}
                                                      : ops::Rect{at, from, thick, seen});
        const std::vector<float> luma = lumaOf(piece);
        for (int i = 0; i < thick; i++)
            profile.add(
                luma.data() + (alongRows ? std::size_t(i) * std::size_t(seen) : std::size_t(i)),
                alongRows ? 1 : std::size_t(thick));
    }
    return {spectrum(profile.rhythm(true)), spectrum(profile.rhythm(false))};
}

Rhythms::Rhythms(const vips::VImage& colour)
    : across_(spectraOf(colour, true)),
      down_(spectraOf(colour, false)),
      steps_(2 * double(std::max(across_.without.size(), down_.without.size()) - 1)) {}

bool Rhythms::within(double share, double other, double cycles) const {
    return std::abs(share - other) * steps_ < cycles;
}

/// Blocks are not equally strong everywhere, which widens their rhythm.
bool Rhythms::ofBlocks(double share) const {
    return within(share, std::round(share * kBlock) / double(kBlock), 5);
}

Rhythm Rhythms::at(double share) const {
    return {share, powerAt(across_.without, share) + powerAt(down_.without, share),
            ofBlocks(share)};
}

std::vector<Rhythm> Rhythms::strongest() const {
    std::vector<Rhythm> all, found;
    for (double k = std::ceil(kSmallestShare * steps_); k <= kLargestShare * steps_; k++)
        all.push_back(at(k / steps_));
    std::sort(all.begin(), all.end(),
              [](const Rhythm& a, const Rhythm& b) { return a.power > b.power; });
    const auto known = [&](double share) {
        return std::any_of(found.begin(), found.end(),
                           [&](const Rhythm& r) { return within(r.share, share, 2); });
    };
    for (const Rhythm& rhythm : all) {
        if (found.size() == kMost) break;
        if (!known(rhythm.share)) found.push_back(rhythm);
    }
    for (int k = 2; k <= 6; k++)
        if (const double share = k / double(kBlock); !known(share))
            found.push_back({share,
                             powerAt(across_.withBlocks, share) + powerAt(down_.withBlocks, share),
                             true});
    return found;
}

}  // namespace acuity::diagnose
