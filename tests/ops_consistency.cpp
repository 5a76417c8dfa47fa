// Bound to the input: the result, shrunk again as the input was made, says what the input says.
#include <catch2/catch.hpp>

#include "networks.h"
#include "ops/consistency.h"
#include "ops/metrics.h"
#include "ops/network.h"
#include "ops/resample.h"

using namespace acuity;
using ops::Borders;
using ops::Kernel;
using test::distance;
using test::farthest;
using test::scene;
using vips::VImage;

namespace {

VImage enlarged(const VImage& in, int tile = 4096) {
    ops::NetworkOptions options;
    options.tile = tile;
    return ops::network(in, test::shipped("faithful-x4"), options);
}

VImage reduced(const VImage& image, const VImage& like, Kernel kernel) {
    return ops::resample(image, like.width(), like.height(), kernel, Borders::cut);
}

double decibels(const VImage& a, const VImage& b) {
    return 20 * std::log10(255 / std::max(1e-9, distance(a, b)));
}

VImage like(const VImage& image, VipsBandFormat format) {
    return image.cast(format).copy(VImage::option()->set("interpretation", image.interpretation()));
}

}  // namespace

TEST_CASE("names of kernels are known") {
    for (const Kernel kernel : ops::kReductions)
        CHECK(ops::reductionOfName(ops::name(kernel)) == kernel);
    CHECK_FALSE(ops::reductionOfName("nearest"));
    CHECK_FALSE(ops::reductionOfName("area51"));
    CHECK_FALSE(ops::kernelOfName("box"));
    CHECK(ops::kernelOfName("lanczos") == Kernel::lanczos);
}

TEST_CASE("the inverse of enlarging and shrinking keeps what is even, and is no blow-up") {
    for (const int large : {90, 66, 120, 150, 240, 247, 480})
        for (const Kernel kernel : ops::kReductions) {
            const int small = 60;
            INFO(ops::name(kernel) << " " << large << " to " << small);
            const ops::Inverse inverse(ops::shrunkAgain(small, large, kernel), large % small == 0);
            for (int i = 0; i < small; i++) {
                float sum = 0, most = 0;
                for (int k = 0; k < ops::Inverse::kTaps; k++) {
                    sum += inverse.at(i)[k];
                    most = std::max(most, std::abs(inverse.at(i)[k]));
                }
                CHECK(sum == Approx(1).margin(0.004));
                CHECK(most < 4);
            }
        }
}

TEST_CASE("a bound result reduces to its input, whatever the factor and the kernel") {
    // A picture that was really reduced, so that its enlargement need not leave 0 to 255.
    const VImage truth = like(scene(264, 198, 3).gaussblur(0.7), VIPS_FORMAT_UCHAR);
    for (const double factor : {1.25, 1.5, 2.0, 2.5, 3.3, 4.0})
        for (const Kernel kernel : ops::kReductions) {
            INFO(ops::name(kernel) << " x" << factor);
            const VImage x = ops::resample(truth, int(std::lround(264 / factor)),
                                           int(std::lround(198 / factor)), kernel, Borders::cut)
                                 .copy_memory();
            const VImage y = ops::resample(x, 264, 198, Kernel::bicubic).copy_memory();
            const VImage bound = ops::bound(y, x, kernel, 1).copy_memory();
            CHECK(decibels(reduced(bound, x, kernel), x) > 50);
            CHECK(decibels(bound, truth) > decibels(y, truth));
        }
}

TEST_CASE("a bound network keeps its tiles apart no more than before") {
    const VImage in = scene(130, 90, 3);
    for (const Kernel kernel : {Kernel::box, Kernel::bicubic, Kernel::lanczos}) {
        const VImage whole = ops::bound(enlarged(in), in, kernel, 1).copy_memory();
        for (const int tile : {33, 48, 100})
            CHECK(farthest(ops::bound(enlarged(in, tile), in, kernel, 1), whole) <= 1);
    }
}

TEST_CASE("strips of a bound result equal the whole") {
    const VImage x = scene(70, 300, 3);
    const VImage y = ops::resample(x, 233, 999, Kernel::lanczos).copy_memory();
    const VImage whole = ops::bound(y, x, Kernel::lanczos, 1).copy_memory();
    const VImage again = ops::bound(y, x, Kernel::lanczos, 1);
    for (const auto& [left, top] : {std::pair(0, 0), {200, 400}, {17, 966}, {100, 511}}) {
        const VImage piece = again.crop(left, top, 33, 33).copy_memory();
        CHECK(farthest(piece, whole.crop(left, top, 33, 33)) == 0);
    }
}

TEST_CASE("a part of a bound result equals the whole there, and is made of what it says") {
    const VImage x = scene(120, 90, 3);
    for (const auto& [width, height] : {std::pair(480, 360), {175, 131}, {3840, 2880}})
        for (const Kernel kernel : {Kernel::box, Kernel::lanczos}) {
            const VImage y = ops::resample(x, width, height, Kernel::bilinear);
            const VImage whole = ops::bound(y, x, kernel, 1).copy_memory();
            for (const ops::Rect& part :
                 {ops::Rect{width / 3, height / 2, 60, 50}, ops::Rect{0, height - 40, 30, 40},
                  ops::Rect{width - 50, 0, 50, 20}}) {
                const ops::Rect read = ops::boundOf(part, {0, 0, width, height},
                                                    {0, 0, x.width(), x.height()}, kernel);
                // Elsewhere y is black: it must not matter.
                const VImage known = y.crop(read.left, read.top, read.width, read.height)
                                         .embed(read.left, read.top, width, height);
                const VImage cut = ops::bound(known, x, kernel, 1, part)
                                       .crop(part.left, part.top, part.width, part.height);
                CHECK(farthest(cut, whole.crop(part.left, part.top, part.width, part.height)) == 0);
            }
        }
}

TEST_CASE("half a strength goes half the way") {
    const VImage x = scene(50, 40, 3);
    const VImage y = ops::resample(x, 200, 160, Kernel::bilinear).copy_memory();
    const VImage half = ops::bound(y, x, Kernel::box, 0.5f), all = ops::bound(y, x, Kernel::box, 1);
    CHECK(farthest(ops::bound(y, x, Kernel::box, 0), y) == 0);
    CHECK(distance(half, y) == Approx(0.5 * distance(all, y)).epsilon(0.1));
}

TEST_CASE("flat pictures stay flat when they are bound, grey ones grey, deep ones deep") {
    for (const double level : {0.0, 77.0, 255.0})
        for (const int bands : {1, 3}) {
            const VImage x =
                like(VImage::black(30, 20, VImage::option()->set("bands", bands)) + level,
                     VIPS_FORMAT_UCHAR);
            const VImage y = ops::resample(x, 100, 70, Kernel::bicubic);
            const VImage out = ops::bound(y, x, Kernel::lanczos, 1);
            CHECK(out.bands() == bands);
            CHECK(out.max() == level);
            CHECK(out.min() == level);
        }
    const VImage x = like(scene(40, 30, 3).linear(257, 0), VIPS_FORMAT_USHORT);
    const VImage out = ops::bound(ops::resample(x, 160, 120, Kernel::bicubic), x, Kernel::box, 1);
    CHECK(out.format() == VIPS_FORMAT_USHORT);
    CHECK(distance(reduced(out, x, Kernel::box), x) < 0.005 * 65535);
}

TEST_CASE("tiny pictures can be bound") {
    for (const auto& [w, h] : {std::pair(1, 1), {1, 9}, {3, 2}, {7, 5}}) {
        const VImage x = scene(w, h, 3);
        const VImage y = ops::resample(x, 4 * w, 4 * h, Kernel::bicubic).copy_memory();
        for (const Kernel kernel : ops::kReductions) {
            const VImage out = ops::bound(y, x, kernel, 1).copy_memory();
            CHECK(distance(reduced(out, x, kernel), x) <= distance(reduced(y, x, kernel), x) + 0.5);
        }
    }
}
