// Halos, evenness and clipping on edges that are known.
#include "diagnose/edges.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace acuity;
using diagnose::edgesOf;
using diagnose::Piece;

namespace {

constexpr int kSide = 192;

/// Soft steps 24 pixels apart, from `low` to `high`, with halos of a share of their height.
Piece steps(float low, float high, double halo, double noise = 0) {
    Piece piece;
    piece.place = {0, 0, kSide, kSide};
    piece.planes.resize(3 * kSide * kSide);
    std::mt19937 random{1};
    std::normal_distribution<float> normal(0, float(noise / 255));
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < kSide; y++)
            for (int x = 0; x < kSide; x++) {
                const int at = x % 48;
                // 0 on the low part, 1 on the high one, half a pixel's ramp between.
                double level = at < 24 ? 0 : 1;
                const int beside =
                    std::min(std::min(at, 47 - at), std::abs(at - 24) + (at < 24 ? -1 : 0));
                if (beside == 0) level += at < 24 ? -halo : halo;
                if (beside == 1) level += at < 24 ? -halo / 3 : halo / 3;
                const double value = low + (high - low) * level;
                piece.planes[std::size_t(c) * kSide * kSide + std::size_t(y) * kSide + x] =
                    std::round(255 * float(value) + 255 * normal(random)) / 255;
            }
    return piece;
}

}  // namespace

TEST_CASE("halos are measured, and none where there are none") {
    for (const double halo : {0.0, 0.05, 0.1, 0.2, 0.3})
        for (const double noise : {0.0, 2.0}) {
            const auto edges = edgesOf({steps(0.3f, 0.7f, halo, noise)});
            CHECK(edges.haloEdges > 1000);
            CHECK(edges.halo == Approx(halo).margin(0.03));
            CHECK(edges.rise >= 1);
            CHECK(edges.rise <= 4);
        }
}

TEST_CASE("a clean drawing is even beside its edges, a noisy one is not") {
    CHECK(edgesOf({steps(0.2f, 0.8f, 0)}).even);
    CHECK_FALSE(edgesOf({steps(0.2f, 0.8f, 0, 2)}).even);
}

TEST_CASE("black and white are counted where all colours end") {
    const auto edges = edgesOf({steps(0, 1, 0)});
    CHECK(edges.black == Approx(0.5));
    CHECK(edges.white == Approx(0.5));
    CHECK(edgesOf({steps(0.1f, 0.9f, 0)}).black == 0);
}

TEST_CASE("a picture without edges tells nothing, and says so") {
    const auto edges = edgesOf({steps(0.5f, 0.5f, 0)});
    CHECK(edges.haloEdges == 0);
    CHECK(edges.halo == 0);
    CHECK_FALSE(edges.even);
    CHECK(edgesOf({}).black == 0);
}
