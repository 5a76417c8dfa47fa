// What shrinking takes away: nothing of a flat picture, the share of noise that is foretold, and
// the estimate of the error is right on average.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "diagnose/shrinking.h"

using namespace acuity;
using diagnose::Piece;
using diagnose::Shrinking;

namespace {

constexpr int kWidth = 192, kHeight = 160;

/// Grey pieces of `value(x, y)` in levels.
template <typename Value>
Piece piece(Value value) {
    Piece made{{0, 0, kWidth, kHeight}, 0, {}};
    made.planes.resize(3 * std::size_t(kWidth) * kHeight);
    const std::size_t count = made.planes.size() / 3;
    for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++)
            for (std::size_t band = 0; band < 3; band++)
                made.planes[band * count + std::size_t(y) * kWidth + x] = float(value(x, y) / 255);
    return made;
}

double waves(int x, int y) {
    return 128 + 40 * std::sin(x * 2.0 + y * 0.4) + 30 * std::sin(y * 0.2);
}

}  // namespace

TEST_CASE("shrinking takes nothing from a flat picture") {
    for (const Shrinking& shrinking : diagnose::shrinkingsOf({piece([](int, int) { return 90; })}))
        CHECK(shrinking.lost < 1e-6);
    CHECK(diagnose::shrinkingsOf({}).empty());
}

TEST_CASE("the smaller the picture becomes, the more it loses") {
    double lost = 0, noise = 0;
    for (const Shrinking& shrinking : diagnose::shrinkingsOf({piece(waves)})) {
        CHECK(shrinking.lost >= lost);
        CHECK(shrinking.noise > noise);
        // What is kept has ratio^2 as many pixels, and is a little softer than it could be.
        const double pixels = shrinking.ratio * shrinking.ratio;
        CHECK(shrinking.noise > 1 - pixels);
        CHECK(shrinking.noise < 1 - 0.5 * pixels);
        lost = shrinking.lost;
        noise = shrinking.noise;
    }
    CHECK(lost > 100);  // the finer wave has a power of 800
}

TEST_CASE("the estimate of what shrinking gains needs no clean picture to be right") {
    constexpr double kSigma = 12;
    std::mt19937 random(1);
    std::normal_distribution<double> normal(0, kSigma);
    std::vector<Piece> clean, noisy, noise;
    for (int i = 0; i < 4; i++) {
        std::vector<double> drawn(std::size_t(kWidth) * kHeight);
        for (double& value : drawn) value = normal(random);
        const auto at = [&](int x, int y) { return drawn[std::size_t(y) * kWidth + x]; };
        clean.push_back(piece(waves));
        noisy.push_back(piece([&](int x, int y) { return waves(x, y) + at(x, y); }));
        noise.push_back(piece(at));
    }
    const auto ofClean = diagnose::shrinkingsOf(clean), ofNoisy = diagnose::shrinkingsOf(noisy),
               ofNoise = diagnose::shrinkingsOf(noise);
    for (std::size_t i = 0; i < ofNoisy.size(); i++) {
        // Error before: sigma^2. After: the detail lost, and the noise that stays. As the operation
        // is linear, |noise|^2 = |lost|^2 + |kept|^2 + 2 lost*kept, and `noise` is its expectation:
        // E lost*noise = sigma^2 (1 - trace).
        const double stays =
            kSigma * kSigma - 2 * kSigma * kSigma * ofNoise[i].noise + ofNoise[i].lost;
        const double truth = kSigma * kSigma - ofClean[i].lost - stays;
        CHECK(ofNoisy[i].gain(kSigma) == Approx(truth).margin(0.04 * kSigma * kSigma));
    }
}
