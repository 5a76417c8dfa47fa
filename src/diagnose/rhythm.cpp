#include "diagnose/rhythm.h"

#include <algorithm>
#include <cmath>

#include "diagnose/profile.h"

namespace acuity::diagnose {
namespace {

constexpr int kBlock = 8;  // JPEG's
constexpr std::size_t kMost = 8;

/// Without the rhythm of JPEG's blocks.
std::vector<double> withoutBlocks(std::vector<double> line) {
    for (std::size_t phase = 0; phase < kBlock; phase++) {
        double sum = 0;
        int count = 0;
        for (std::size_t i = phase; i < line.size(); i += kBlock, count++) sum += line[i];
        for (std::size_t i = phase; i < line.size(); i += kBlock) line[i] -= sum / count;
    }
    return line;
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

Rhythms::Spectra Rhythms::spectraOf(const vips::VImage& colour, bool alongRows) {
    const Profile profile = profileOf(colour, alongRows);
    return {spectrum(profile.line), spectrum(withoutBlocks(profile.line))};
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
