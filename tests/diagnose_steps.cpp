// The edges of a drawing name the kernel that made it small.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

#include "codec/load.h"
#include "diagnose/steps.h"
#include "networks.h"
#include "ops/resample.h"

using namespace acuity;
using ops::Borders;
using ops::Kernel;
using vips::VImage;

namespace {

/// Even areas on both sides of steep and level edges, as sharp as pixels allow: each is the mean of
/// 4x4 points.
VImage drawing() {
    codec::startVips();
    const VImage places = VImage::xyz(4 * 1536, 4 * 1536) / 4;
    const VImage x = places[0], y = places[1];
    VImage levels = VImage::black(4 * 1536, 4 * 1536) + 30;
    for (int i = 0; i < 7; i++) {
        const VImage beyond = (x + y * (0.03 * i - 0.1)) > 90 + 211 * i + i * i;
        levels = beyond.ifthenelse(i % 2 ? 40 : 210, levels);
    }
    const VImage below = (y + x * 0.07) > 800;
    return below.ifthenelse(250 - levels, levels)
        .cast(VIPS_FORMAT_UCHAR)
        .shrink(4, 4)
        .copy_memory();
}

Kernel nearest(const std::array<double, std::size(ops::kReductions)>& distances) {
    return ops::kReductions[std::min_element(distances.begin(), distances.end()) -
                            distances.begin()];
}

}  // namespace

TEST_CASE("edges between even areas name the kernel that made them small") {
    const VImage large = drawing();
    for (const int factor : {2, 3, 4})
        for (const Kernel kernel : ops::kReductions) {
            INFO(ops::name(kernel) << " by " << factor);
            const VImage small =
                ops::resample(large, 1536 / factor, 1536 / factor, kernel, Borders::cut)
                    .copy_memory();
            const auto found = diagnose::stepsOf(diagnose::pieces(small, 128, 64));
            REQUIRE(found);
            CHECK(nearest(*found) == kernel);
        }
}

TEST_CASE("where no kernel explains the edges, or there are none, none is named") {
    const VImage soft = drawing().gaussblur(6).cast(VIPS_FORMAT_UCHAR).copy_memory();
    CHECK_FALSE(diagnose::stepsOf(diagnose::pieces(soft, 128, 64)));
    CHECK_FALSE(diagnose::stepsOf({}));
    const std::string photo = std::filesystem::path(ACUITY_SOURCE) / "examples/parrots.jpg";
    const VImage image = VImage::new_from_file(photo.c_str()).copy_memory();
    CHECK_FALSE(diagnose::stepsOf(diagnose::pieces(image, 128, 64)));
}
