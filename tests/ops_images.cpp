// Resampling, colour under transparency, and the measures.
#include <catch2/catch.hpp>

#include "base/error.h"
#include "networks.h"
#include "ops/alpha.h"
#include "ops/metrics.h"
#include "ops/resample.h"

using namespace acuity;
using ops::Kernel;
using test::farthest;
using test::scene;
using vips::VImage;

TEST_CASE("resampling keeps flat pictures flat and sizes exact") {
    const VImage flat = (scene(37, 29, 3) * 0 + 93).cast(VIPS_FORMAT_UCHAR);
    for (const Kernel kernel :
         {Kernel::nearest, Kernel::bilinear, Kernel::bicubic, Kernel::lanczos})
        for (const auto& [w, h] : {std::pair{148, 116}, {50, 40}, {11, 3}, {1, 1}, {36, 30}}) {
            const VImage out = ops::resample(flat, w, h, kernel);
            CHECK(out.width() == w);
            CHECK(out.height() == h);
            CHECK(out.min() == 93);
            CHECK(out.max() == 93);
        }
}

TEST_CASE("nearest repeats pixels; shrinking that gives them back") {
    const VImage in = scene(20, 10, 1);
    const VImage out = ops::resample(in, 60, 30, Kernel::nearest);
    CHECK(farthest(out, in.zoom(3, 3)) == 0);
    CHECK(farthest(ops::resample(out, 20, 10, Kernel::nearest), in) == 0);
}

TEST_CASE("bicubic gives the values of Keys' formula") {
    // One bright sample, enlarged by two: the kernel at quarter positions.
    std::vector<float> line(9, 0.0f);
    line[4] = 1;
    const VImage in(vips_image_new_from_memory_copy(line.data(), line.size() * sizeof(float), 9, 1,
                                                    1, VIPS_FORMAT_FLOAT));
    const VImage out = ops::resample(in, 18, 1, Kernel::bicubic);
    CHECK(out(8, 0)[0] == Approx(0.8671875));
    CHECK(out(9, 0)[0] == Approx(0.8671875));
    CHECK(out(7, 0)[0] == Approx(0.2265625));
    CHECK(out(6, 0)[0] == 0);  // -0.0703125 before clipping
}

TEST_CASE("a piece of a resampled picture equals that piece of the whole") {
    const VImage in = scene(83, 61, 3);
    const VImage lazy = ops::resample(in, 131, 40, Kernel::lanczos);
    const VImage whole = lazy.copy_memory();
    CHECK(farthest(lazy.crop(17, 9, 50, 20), whole.crop(17, 9, 50, 20)) == 0);
    CHECK(farthest(lazy.crop(100, 30, 31, 10), whole.crop(100, 30, 31, 10)) == 0);
}

TEST_CASE("turning a picture turns its resampled self") {
    const VImage in = scene(40, 40, 3);
    const VImage a = ops::resample(in.rot90().copy_memory(), 90, 60, Kernel::lanczos);
    const VImage b = ops::resample(in, 60, 90, Kernel::lanczos).rot90();
    CHECK(farthest(a, b) <= 1);
}

TEST_CASE("hidden colour does not reach the visible edge") {
    test::scene(1, 1, 1);  // starts libvips
    // A red disc; under transparency lies garish green.
    const VImage xy = VImage::xyz(80, 80) - std::vector<double>{40, 40};
    const VImage r2 = xy[0] * xy[0] + xy[1] * xy[1];
    const VImage inside = r2 < 400;
    const VImage alpha = inside.ifthenelse(255, 0).cast(VIPS_FORMAT_UCHAR);
    const VImage colour = inside
                              .ifthenelse(VImage::black(80, 80, VImage::option()->set("bands", 3)) +
                                              std::vector<double>{200, 10, 10},
                                          VImage::black(80, 80, VImage::option()->set("bands", 3)) +
                                              std::vector<double>{0, 255, 0})
                              .cast(VIPS_FORMAT_UCHAR);
    const VImage filled = ops::fillTransparent(colour, alpha);
    CHECK(farthest(inside.ifthenelse(filled, 0), inside.ifthenelse(colour, 0)) == 0);
    const VImage near = r2 < 625;  // five pixels beyond the edge
    CHECK(near.ifthenelse(filled[1], 0).max() <= 11);
    CHECK(near.ifthenelse(filled[0], 200).min() >= 199);
}

TEST_CASE("measures of known differences") {
    const VImage in = scene(64, 64, 1);
    const auto same = ops::score(in, in, 4, 4);
    CHECK(same.psnr == ops::kIdentical);
    CHECK(same.ssim == Approx(1));
    const VImage base = (in * 0.5 + 40).cast(VIPS_FORMAT_UCHAR);
    const VImage brighter = (base + 1).cast(VIPS_FORMAT_UCHAR);
    const auto off = ops::score(brighter, base, 4, 4);
    CHECK(off.psnr == Approx(20 * std::log10(255.0 * 255 / 219)));  // wrong by one level of grey
    CHECK(off.ssim < 1);
    CHECK(off.lrPsnr == Approx(20 * std::log10(255.0)).margin(0.5));
}

TEST_CASE("luma of RGB follows BT.601") {
    const VImage in =
        (scene(32, 32, 3) * 0 + std::vector<double>{100, 100, 100}).cast(VIPS_FORMAT_UCHAR);
    const VImage other = (in + std::vector<double>{10, 0, 0}).cast(VIPS_FORMAT_UCHAR);
    const double dy = 10 * 65.481 / 255;
    CHECK(ops::score(in, other, 4, 4).psnr == Approx(20 * std::log10(255 / dy)));
}

TEST_CASE("pictures of different sizes are not compared") {
    CHECK_THROWS_AS(ops::score(scene(40, 40, 3), scene(60, 40, 3), 4, 4), Error);
    CHECK_NOTHROW(ops::score(scene(40, 40, 3), scene(42, 43, 3), 4, 4));
}
