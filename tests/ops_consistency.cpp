// Bound to the input: the result, shrunk again as the input was made, says what the input says.
#include <catch2/catch.hpp>

#include "networks.h"
#include "ops/consistency.h"
#include "ops/metrics.h"
#include "ops/network.h"
#include "ops/resample.h"

using namespace acuity;
using ops::Consistency;
using ops::Reduction;
using test::farthest;
using test::scene;
using vips::VImage;

namespace {

constexpr Reduction kAll[] = {Reduction::box,     Reduction::bilinear, Reduction::hamming,
                              Reduction::bicubic, Reduction::lanczos,  Reduction::mitchell};

VImage enlarged(const VImage& in, double consistency, int tile = 4096,
                Reduction reduction = Reduction::bicubic) {
    ops::NetworkOptions options;
    options.tile = tile;
    options.consistency = float(consistency);
    options.reduction = reduction;
    return ops::network(in, test::shipped("faithful-x4"), options).copy_memory();
}

/// Root of the mean squared difference in levels.
double distance(const VImage& a, const VImage& b) {
    const VImage d = a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE);
    return std::sqrt((d * d).avg());
}

}  // namespace

TEST_CASE("names of reductions are known") {
    for (const Reduction reduction : kAll)
        CHECK(ops::reductionOfName(ops::name(reduction)) == reduction);
    CHECK_FALSE(ops::reductionOfName("area51"));
}

TEST_CASE("a correction twice is a correction once") {
    // Once y reduces to x nothing is left to correct: the difference that a second round makes is
    // the error of the first, in a picture and at its borders alike.
    std::mt19937 random(7);
    const int height = 40, width = 48;
    for (const int scale : {2, 3, 4})
        for (const Reduction reduction : kAll) {
            INFO(ops::name(reduction) << " x" << scale);
            Consistency consistency(scale, reduction);
            CHECK(consistency.margin() <= 14);
            std::vector<float> x(height * width), y(x.size() * scale * scale);
            for (float& v : x) v = float(random() % 1000) / 1000;
            for (float& v : y) v = float(random() % 1000) / 1000;
            // Padding on all sides stands for what lies beyond the picture.
            const int pad = consistency.margin() - 2;
            const Consistency::Place place{
                height, width, {pad, pad, width - 2 * pad, height - 2 * pad}};
            const auto step = [&] {
                const std::vector<float> before = y;
                consistency.apply(y.data(), x.data(), width, place, 1);
                double most = 0;
                for (int i = pad * scale; i < (height - pad) * scale; ++i)
                    for (int j = pad * scale; j < (width - pad) * scale; ++j) {
                        const std::size_t at = std::size_t(i) * width * scale + j;
                        most = std::max(most, double(std::abs(y[at] - before[at])));
                    }
                return most;
            };
            const double first = step(), second = step(), third = step();
            CHECK(first > 0.2);
            CHECK(second < 0.2 * first);
            CHECK(third < 0.5 * second + 1e-4);
        }
}

TEST_CASE("a bound result reduces to its input") {
    const VImage in = scene(60, 44, 3).gaussblur(1.0).cast(VIPS_FORMAT_UCHAR);
    const VImage free = enlarged(in, 0), bound = enlarged(in, 1);
    const auto reduced = [&](const VImage& image) {
        return ops::resample(image, in.width(), in.height(), ops::Kernel::bicubic);
    };
    // 8 bits round by up to half a level at every pixel; their mean over a kernel far less.
    CHECK(distance(reduced(bound), in) < 0.5);
    CHECK(distance(reduced(bound), in) < 0.7 * distance(reduced(free), in));
}

TEST_CASE("tiles of a bound result equal the whole") {
    const VImage in = scene(130, 90, 3);
    for (const Reduction reduction : {Reduction::box, Reduction::bicubic, Reduction::lanczos}) {
        const VImage whole = enlarged(in, 1, 4096, reduction);
        for (const int tile : {33, 48, 100})
            CHECK(farthest(enlarged(in, 1, tile, reduction), whole) <= 1);
    }
}

TEST_CASE("half a strength goes half the way") {
    const VImage in = scene(50, 40, 3).gaussblur(1.0).cast(VIPS_FORMAT_UCHAR);
    const VImage none = enlarged(in, 0), half = enlarged(in, 0.4), all = enlarged(in, 1);
    CHECK(distance(half, none) > 0.1 * distance(all, none));
    CHECK(distance(half, none) < distance(all, none));
    CHECK(distance(half, all) < distance(none, all));
}

TEST_CASE("a flat picture stays flat when it is bound") {
    for (const double level : {0.0, 77.0, 255.0}) {
        const VImage flat =
            (VImage::black(30, 20).bandjoin({VImage::black(30, 20), VImage::black(30, 20)}) + level)
                .cast(VIPS_FORMAT_UCHAR)
                .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
        const VImage out = enlarged(flat, 1, 4096, Reduction::lanczos);
        CHECK(out.max() - out.min() <= 1);
        CHECK(std::abs(out.avg() - level) <= 1);
    }
}
