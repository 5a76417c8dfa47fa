#include "diagnose/shrunk_jpeg.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>

#include "diagnose/profile.h"

namespace acuity::diagnose {
namespace {

constexpr int kBlock = 8, kFiner = 4, kLines = 3;
constexpr double kSmallest = 0.45, kLargest = 0.97;
constexpr double kHighest = 0.48;  // cycles per pixel

/// Of the products of what ShrunkJpeg::quality goes by, fitted to pictures damaged in known ways
/// (training/shrunk_jpeg_fit.py).
constexpr double kQuality[15] = {-15.76,  -18.51, 2.871, 73,    -15.47, -3.931, 1.295, -37.73,
                                 -0.8505, 0.2913, 10.44, -1.75, -93.1,  9.786,  -4.773};
constexpr double kDeviation = 13;

struct Direction {
    Profile profile;
    std::vector<double> spectrum;

    Direction(const vips::VImage& colour, bool alongRows)
        : profile(profileOf(colour, alongRows)),
          spectrum(diagnose::spectrum(profile.line, kFiner)) {}

    double powerAt(double frequency) const {
        const double at = frequency * kFiner * double(profile.line.size());
        const auto low = std::min(spectrum.size() - 2, std::size_t(at));
        return spectrum[low] + (at - double(low)) * (spectrum[low + 1] - spectrum[low]);
    }

    double amplitudeAt(double frequency) const {
        std::complex<double> sum;
        for (std::size_t i = 0; i < profile.line.size(); i++)
            sum += std::polar(profile.line[i], -2 * M_PI * frequency * double(i));
        return std::abs(sum) / double(profile.line.size());
    }
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double frequencyOf(int line, double scale) {
    return line / (kBlock * scale);
}

/// Sum of the logarithms of the powers that a scale would leave, over the root of their count. Of
/// both directions: to ask for lines in each of them would lose a third of what is found.
double powerOf(const Direction& across, const Direction& down, double scale) {
    double sum = 0;
    int count = 0;
    for (int line = 1; line <= kLines && frequencyOf(line, scale) <= kHighest; line++)
        for (const Direction* direction : {&across, &down}) {
            sum += std::log(1 + direction->powerAt(frequencyOf(line, scale)));
            count++;
        }
    return sum / std::sqrt(count);
}

double strengthOf(const Direction& across, const Direction& down, double frequency) {
    constexpr double kLeast = 1e-3;
    return std::log((across.amplitudeAt(frequency) + down.amplitudeAt(frequency)) / 2 + kLeast);
}

}  // namespace

bool ShrunkJpeg::found() const {
    constexpr double kClear = 6.5, kPower = 4.5;  // few others reach them
    return clear >= kClear && power >= kPower;
}

Estimate ShrunkJpeg::quality() const {
    const double plain[] = {1, first, second, scale, activity};
    double value = 0;
    const double* weight = kQuality;
    for (std::size_t i = 0; i < std::size(plain); i++)
        for (std::size_t k = i; k < std::size(plain); k++) value += *weight++ * plain[i] * plain[k];
    return {std::clamp(value, 5.0, 95.0), kDeviation};
}

ShrunkJpeg shrunkJpegOf(const vips::VImage& colour) {
    const Direction across(colour, true), down(colour, false);
    const double longest = double(std::max(across.profile.line.size(), down.profile.line.size()));
    const double step = std::exp(1 / (8 * longest));  // shifts block edges by an eighth of a pixel
    ShrunkJpeg best;
    std::vector<double> powers;
    for (double scale = kSmallest; scale <= kLargest; scale *= step) {
        powers.push_back(powerOf(across, down, scale));
        if (powers.back() <= best.power) continue;
        best.power = powers.back();
        best.scale = scale;
    }
    const double middle = median(powers);
    for (double& power : powers) power = std::abs(power - middle);
    constexpr double kLeast = 1e-6;  // where all are alike
    best.clear = (best.power - middle) / (1.4826 * median(powers) + kLeast);
    best.first = strengthOf(across, down, frequencyOf(1, best.scale));
    best.second = frequencyOf(2, best.scale) <= 0.5
                      ? strengthOf(across, down, frequencyOf(2, best.scale))
                      : best.first;
    best.activity = (across.profile.activity + down.profile.activity) / 2;
    return best;
}

}  // namespace acuity::diagnose
