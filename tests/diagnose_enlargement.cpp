// A former enlargement: its size and kernel stand out from all others, and none does where there
// was none.
#include <catch2/catch.hpp>

#include <filesystem>

#include "codec/load.h"
#include "diagnose/enlargement.h"
#include "networks.h"
#include "ops/resample.h"

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
        const Enlargement found = diagnose::enlargementOf(grown(image, width, height, kernel));
        CHECK(found.width == image.width());
        CHECK(found.height == image.height());
        CHECK(found.kernel == kernel);
        CHECK(found.drop() > 2 * kPlain);
        CHECK(found.outside < 2);
        CHECK(found.likelihood(0.5, 0, 0.5) > 0.95);
    }
}

TEST_CASE("a picture that was never enlarged shows no size that stands out") {
    const VImage image = sharp();
    for (const VImage& plain : {image, image.rot90().copy_memory(),
                                image.gaussblur(1.2).cast(VIPS_FORMAT_UCHAR).copy_memory()}) {
        const Enlargement found = diagnose::enlargementOf(plain);
        CHECK(found.drop() < kPlain);
        CHECK(found.likelihood(0.5, 0, 0.5) < 0.5);
    }
}

TEST_CASE("both directions are found apart") {
    const VImage image = sharp();
    const Enlargement found = diagnose::enlargementOf(
        grown(image, image.width() * 2, int(image.height() * 2.05), Kernel::bicubic));
    CHECK(found.width == image.width());
    CHECK(std::abs(found.height - image.height()) <= image.height() * 0.03);
    const VImage tall = image.rot90().copy_memory();
    const Enlargement turned = diagnose::enlargementOf(
        grown(tall, int(tall.width() * 1.8), int(tall.height() * 1.8), Kernel::bicubic));
    CHECK(std::abs(turned.width - tall.width()) <= 1);
    CHECK(std::abs(turned.height - tall.height()) <= 1);
}

TEST_CASE("the rhythm of an enlargement shows where the blocks of JPEG do not reach") {
    const VImage image = sharp();
    const VImage large =
        grown(image, int(image.width() * 1.7), int(image.height() * 1.7), Kernel::bilinear);
    const auto strongest = [](const VImage& of) {
        Rhythm most;
        for (const Rhythm& rhythm : diagnose::rhythmsOf(of))
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
