// A former enlargement: its size and kernel stand out from all others, and none does where there
// was none.
#include <catch2/catch.hpp>

#include <filesystem>

#include "codec/load.h"
#include "diagnose/enlargement.h"
#include "networks.h"
#include "ops/resample.h"
#include "plan/prescale.h"

using namespace acuity;
using diagnose::Enlargement;
using diagnose::Rhythm;
using ops::Borders;
using ops::Kernel;
using vips::VImage;

namespace {

/// A photograph of the examples, made small, so that it is sharp.
VImage sharp() {
    codec::startVips();
    const std::string path = std::filesystem::path(ACUITY_SOURCE) / "examples/parrots.jpg";
    const VImage photo = VImage::new_from_file(path.c_str());
    return ops::resample(photo.copy_memory(), photo.width() / 2, photo.height() / 2,
                         Kernel::bicubic, Borders::cut)
        .copy_memory();
}

VImage grown(const VImage& image, int width, int height, Kernel kernel) {
    return ops::resample(image, width, height, kernel, Borders::cut).copy_memory();
}

constexpr double kPlain = 0.5;  // drops of both directions together

}  // namespace

TEST_CASE("the size and the kernel of a former enlargement are found") {
    const VImage image = sharp();
    for (const auto& [kernel, factor] : {std::pair(Kernel::bilinear, 1.2),
                                         {Kernel::bicubic, 1.37},
                                         {Kernel::lanczos, 1.6},
                                         {Kernel::bicubic, 2.0},
                                         {Kernel::mitchell, 2.51},
                                         {Kernel::lanczos, 3.9}}) {
        INFO(ops::name(kernel) << " x" << factor);
        const int width = int(std::lround(image.width() * factor));
        const int height = int(std::lround(image.height() * factor));
        const Enlargement found = diagnose::enlargementOf(grown(image, width, height, kernel), 0);
        CHECK(found.width == image.width());
        CHECK(found.height == image.height());
        CHECK(found.kernel == kernel);
        CHECK(found.dropAcross + found.dropDown > 2 * kPlain);
        CHECK(found.outside < 3);
        CHECK(found.likelihood(0.9, 0) > 0.75);
    }
}

TEST_CASE("a picture that was never enlarged shows no size that stands out") {
    const VImage image = sharp();
    for (const VImage& plain : {image, image.rot90().copy_memory(),
                                image.gaussblur(1.2).cast(VIPS_FORMAT_UCHAR).copy_memory()}) {
        const Enlargement found = diagnose::enlargementOf(plain, 0);
        CHECK(found.dropAcross + found.dropDown < kPlain);
        CHECK(found.likelihood(0.3, 0) < 0.5);
    }
}

TEST_CASE("an enlargement by other factors in width and height is no basis to undo it") {
    const VImage image = sharp();
    diagnose::Damage damage;
    damage.known = true;
    damage.enlarged = 1;
    damage.former = diagnose::enlargementOf(
        grown(image, int(image.width() * 1.7), image.height() * 2, Kernel::bicubic), 0);
    CHECK_FALSE(plan::worthUndoing(damage));
    damage.former = diagnose::enlargementOf(
        grown(image, int(image.width() * 1.7), int(image.height() * 1.7), Kernel::bicubic), 0);
    CHECK(plan::worthUndoing(damage));
}

TEST_CASE("sizes are found to the pixel in large pictures and long ones") {
    const VImage image = sharp();
    const VImage wide = image.replicate(18, 6).copy_memory().crop(3, 5, 2801, 613).copy_memory();
    for (const VImage& small : {wide, wide.rot90().copy_memory()}) {
        const Enlargement found = diagnose::enlargementOf(
            grown(small, int(small.width() * 1.77), int(small.height() * 1.77), Kernel::bicubic),
            0);
        CHECK(found.width == small.width());
        CHECK(found.height == small.height());
    }
}

TEST_CASE("the rhythm of an enlargement shows where the blocks of JPEG do not reach") {
    const VImage image = sharp();
    const VImage large =
        grown(image, int(image.width() * 1.7), int(image.height() * 1.7), Kernel::bilinear);
    const auto strongest = [](const VImage& of) {
        Rhythm most;
        for (const Rhythm& rhythm : diagnose::Rhythms(of).strongest())
            if (!rhythm.ofBlocks && rhythm.power > most.power) most = rhythm;
        return most;
    };
    // What repeats more often than every second pixel shows as its mirror image as well.
    CHECK(std::min(strongest(large).share, 1 - strongest(large).share) ==
          Approx(1 - 1 / 1.7).margin(0.01));
    CHECK(strongest(large).power > 100);
    CHECK(strongest(image).power < 30);
    // A part of it keeps it.
    CHECK(strongest(large.crop(13, 7, 200, 150).copy_memory()).power > 50);
}
