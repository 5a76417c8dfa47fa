// Sizes and passes: pure functions.
#include "plan/geometry.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace acuity;
using namespace acuity::plan;

namespace {

Target target(Dimensions source, void (*set)(SizeRequest&)) {
    SizeRequest request;
    set(request);
    return targetSize(source, request);
}

const std::vector<int> kScales{2, 4};

}  // namespace

TEST_CASE("sizes asked for are met to the pixel") {
    const Dimensions photo{1500, 1000};
    CHECK(target(photo, [](SizeRequest&) {}).full == Dimensions{6000, 4000});
    CHECK(target(photo, [](SizeRequest& r) { r.scale = 1.37; }).full == Dimensions{2055, 1370});
    CHECK(target(photo, [](SizeRequest& r) { r.width = 4001; }).full == Dimensions{4001, 2667});
    CHECK(target(photo, [](SizeRequest& r) { r.height = 4001; }).full == Dimensions{6002, 4001});
    CHECK(target(photo, [](SizeRequest& r) { r.shortSide = 2160; }).full == Dimensions{3240, 2160});
    CHECK(target(photo, [](SizeRequest& r) { r.longSide = 3840; }).full == Dimensions{3840, 2560});
    CHECK(target({1000, 1500}, [](SizeRequest& r) { r.longSide = 3840; }).full ==
          Dimensions{2560, 3840});
}

TEST_CASE("a box is met inside, covered, or exactly") {
    const auto box = [](Fit fit) {
        SizeRequest r;
        r.width = 3000;
        r.height = 3000;
        r.fit = fit;
        return targetSize({1500, 1000}, r);
    };
    CHECK(box(Fit::inside).full == Dimensions{3000, 2000});
    CHECK(box(Fit::cover).full == Dimensions{4500, 3000});
    CHECK(box(Fit::cover).crop == Dimensions{3000, 3000});
    CHECK(box(Fit::exact).full == Dimensions{3000, 3000});
    CHECK(box(Fit::exact).factor == 3);
}

TEST_CASE("a print fills the paper, turned as the picture is") {
    SizeRequest r;
    r.printWidth = 30 / 2.54;
    r.printHeight = 20 / 2.54;
    r.dpi = 300;
    CHECK(targetSize({1500, 1000}, r).full == Dimensions{3543, 2362});
    CHECK(targetSize({1000, 1500}, r).full == Dimensions{2362, 3543});
    r.fit = Fit::exact;  // as it was said
    CHECK(targetSize({1000, 1500}, r).full == Dimensions{3543, 2362});
    r.fit = Fit::cover;  // a square has no shape to turn the paper by
    CHECK(targetSize({1000, 1000}, r).crop == Dimensions{3543, 2362});
}

TEST_CASE("contradictions and absurd sizes are refused") {
    CHECK_THROWS_AS(target({10, 10},
                           [](SizeRequest& r) {
                               r.scale = 2;
                               r.width = 5;
                           }),
                    Error);
    CHECK_THROWS_AS(target({10, 10}, [](SizeRequest& r) { r.scale = 65; }), Error);
    CHECK_THROWS_AS(target({10, 10}, [](SizeRequest& r) { r.scale = 0.5; }), Error);
    CHECK_THROWS_AS(target({10, 10}, [](SizeRequest& r) { r.width = 641; }), Error);
}

TEST_CASE("passes reach every factor with the networks there are") {
    for (const double factor : {1.01, 1.37, 2.0, 2.5, 3.0, 4.0, 5.5, 8.0, 16.0, 17.0, 64.0})
        for (const int steps : {0, 1, 2, 3}) {
            SizeRequest r;
            r.scale = factor;
            const Dimensions source{123, 77};
            const Target t = targetSize(source, r);
            Dimensions at = source;
            for (const Pass& pass : passesFor(source, t, kScales, steps)) {
                // Never enlarged by anything but a network.
                CHECK(pass.size.width <= at.width * pass.scale);
                CHECK(pass.size.height <= at.height * pass.scale);
                at = pass.size;
            }
            CHECK(at == t.full);
        }
}

TEST_CASE("no more network runs than needed") {
    const auto runs = [](double factor, int steps) {
        SizeRequest r;
        r.scale = factor;
        std::vector<int> scales;
        for (const Pass& p : passesFor({100, 100}, targetSize({100, 100}, r), kScales, steps))
            scales.push_back(p.scale);
        return scales;
    };
    CHECK(runs(1, 0).empty());
    CHECK(runs(1.5, 0) == std::vector<int>{2});
    CHECK(runs(2, 0) == std::vector<int>{2});
    CHECK(runs(3, 0) == std::vector<int>{4});
    CHECK(runs(8, 0) == std::vector<int>{4, 2});
    CHECK(runs(16, 0) == std::vector<int>{4, 4});
    CHECK(runs(4, 2) == std::vector<int>{2, 2});
}

TEST_CASE("a smaller size is reached by reducing once") {
    SizeRequest r;
    r.width = 50;
    const auto passes = passesFor({100, 80}, targetSize({100, 80}, r), kScales, 0);
    REQUIRE(passes.size() == 1);
    CHECK(passes[0].scale == 1);
    CHECK(passes[0].size == Dimensions{50, 40});
}
