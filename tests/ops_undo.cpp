// An enlargement by interpolation is undone: what went in comes out again.
#include <catch2/catch.hpp>

#include "networks.h"
#include "ops/resample.h"
#include "ops/undo.h"

using namespace acuity;
using ops::Borders;
using ops::Kernel;
using test::distance;
using test::farthest;
using test::scene;
using vips::VImage;

namespace {

constexpr Kernel kEnlargers[] = {Kernel::bilinear, Kernel::bicubic, Kernel::lanczos,
                                 Kernel::mitchell};

VImage grown(const VImage& small, double factor, Kernel kernel) {
    return ops::resample(small, int(std::lround(small.width() * factor)),
                         int(std::lround(small.height() * factor)), kernel, Borders::cut)
        .copy_memory();
}

}  // namespace

TEST_CASE("what was enlarged comes back, whatever the factor and the kernel") {
    const VImage small = (scene(61, 47, 3).cast(VIPS_FORMAT_FLOAT) / 255).copy_memory();
    for (const Kernel kernel : kEnlargers)
        for (const double factor : {1.15, 1.5, 2.0, 2.7, 4.0}) {
            INFO(ops::name(kernel) << " x" << factor);
            const VImage back = ops::undone(grown(small, factor, kernel), 61, 47, kernel);
            CHECK(farthest(back, small) * 255 < 1);
        }
}

TEST_CASE("what was rounded and cut off after it was enlarged comes back to within a few levels") {
    // Samples beyond black and white were clipped, so that those at the extremes may be off.
    const VImage small = (scene(61, 47, 3) * 0.7 + 38).cast(VIPS_FORMAT_UCHAR).copy_memory();
    for (const Kernel kernel : kEnlargers)
        for (const double factor : {1.5, 2.0, 3.3}) {
            INFO(ops::name(kernel) << " x" << factor);
            const VImage back = ops::undone(grown(small, factor, kernel), 61, 47, kernel);
            CHECK(back.format() == VIPS_FORMAT_UCHAR);
            CHECK(distance(back, small) < 0.7);
        }
}

TEST_CASE("weights that undo stay within the line, and flat pictures stay flat") {
    for (const Kernel kernel : kEnlargers)
        for (const int large : {70, 90, 120, 187, 240}) {
            const ops::Axis axis = ops::undoing(large, 60, kernel);
            for (int i = 0; i < 60; i++) {
                for (int k = 0; k < axis.taps; k++) {
                    const int place = axis.first[std::size_t(i)] + k;
                    if (place < 0 || place >= large) CHECK(axis.at(i)[k] == 0);
                }
            }
        }
    const VImage flat = (VImage::black(187, 151) + 77).cast(VIPS_FORMAT_FLOAT).copy_memory();
    for (const Kernel kernel : kEnlargers)
        CHECK(farthest(ops::undone(flat, 100, 61, kernel), flat.crop(0, 0, 100, 61)) < 1e-3);
}

TEST_CASE("noise that came after an enlargement is evened out") {
    const VImage small = (scene(80, 60, 1) * 0.5 + 60).cast(VIPS_FORMAT_UCHAR).copy_memory();
    const VImage large = grown(small, 3, Kernel::bicubic);
    const VImage noise =
        VImage::gaussnoise(large.width(), large.height(),
                           VImage::option()->set("mean", 0)->set("sigma", 9)->set("seed", 3));
    const VImage noisy = (large + noise).cast(VIPS_FORMAT_UCHAR).copy_memory();
    CHECK(distance(ops::undone(noisy, 80, 60, Kernel::bicubic), small) < 5);
}

TEST_CASE("a piece of what is undone equals the whole there") {
    const VImage large = scene(233, 301, 3);
    const VImage whole = ops::undone(large, 111, 143, Kernel::lanczos).copy_memory();
    const VImage again = ops::undone(large, 111, 143, Kernel::lanczos);
    for (const auto& [left, top] : {std::pair(0, 0), {81, 113}, {40, 77}})
        CHECK(farthest(again.crop(left, top, 30, 30).copy_memory(),
                       whole.crop(left, top, 30, 30)) == 0);
    // A side that stays keeps its lines.
    CHECK(farthest(ops::undone(large, 233, 301, Kernel::mitchell), large) == 0);
}
