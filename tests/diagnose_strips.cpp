// What lies outside the space of an enlargement, against least squares written out in full.
#include <catch2/catch.hpp>

#include "diagnose/strips.h"
#include "networks.h"
#include "ops/resample.h"

using namespace acuity;
using diagnose::Strip;
using ops::Borders;
using ops::Kernel;
using vips::VImage;
using Rows = std::vector<std::vector<double>>;

namespace {

diagnose::Piece all(const VImage& image) {
    return diagnose::pieceOf(image, {0, 0, image.width(), image.height()});
}

/// Samples 20 to 235, so that nothing is cut off.
VImage plain(int width, int height) {
    const VImage scene = test::scene(width, height, 3) * (215 / 255.0) + 20;
    return scene.cast(VIPS_FORMAT_UCHAR).copy_memory();
}

/// Of rows of luma: the mean square of what none of the combinations of `curves` gives,
/// Gram-Schmidt.
double leftOver(Rows rows, Rows curves) {
    const auto product = [](const std::vector<double>& a, const std::vector<double>& b) {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
        return sum;
    };
    const auto without = [&](std::vector<double>& from, const std::vector<double>& curve) {
        const double share = product(from, curve);
        for (std::size_t i = 0; i < from.size(); i++) from[i] -= share * curve[i];
    };
    double dimensions = double(rows[0].size()), sum = 0;
    for (std::size_t c = 0; c < curves.size(); c++) {
        for (int twice = 0; twice < 2; twice++)
            for (std::size_t k = 0; k < c; k++) without(curves[c], curves[k]);
        const double length = std::sqrt(product(curves[c], curves[c]));
        for (double& value : curves[c]) value = length > 1e-3 ? value / length : 0;
        dimensions -= length > 1e-3;
        for (auto& row : rows) without(row, curves[c]);
    }
    for (const auto& row : rows) sum += product(row, row);
    return sum / double(rows.size()) / dimensions;
}

}  // namespace

TEST_CASE("what lies outside a space is what least squares leave") {
    constexpr int kWidth = 80, kHeight = 40, kSource = 47;
    constexpr double kEnds = 0.03;  // curves at the ends that hardly weigh are held near zero
    const VImage image = plain(kWidth, kHeight);
    const diagnose::Piece piece = all(image);
    const std::vector<float> luma = diagnose::lumaOf(piece);
    double mean = 0;
    for (const float value : luma) mean += double(value) / double(luma.size());
    Rows rows;
    for (int y = 0; y < kHeight; y++) {
        rows.emplace_back();
        for (int x = 0; x < kWidth; x++)
            rows.back().push_back(double(luma[std::size_t(y * kWidth + x)]) - mean);
    }
    for (const Kernel kernel : {Kernel::bilinear, Kernel::bicubic, Kernel::lanczos}) {
        Rows curves;
        for (int n = -4; n < kSource + 4; n++) {
            curves.emplace_back();
            for (int x = 0; x < kWidth; x++) {
                const double middle = (x + 0.5) * kSource / kWidth - 0.5;
                double sum = 0;
                for (int k = -5; k < kSource + 5; k++) sum += ops::weight(kernel, k - middle);
                curves.back().push_back(ops::weight(kernel, n - middle) / sum);
            }
        }
        const std::vector<Strip> strips = diagnose::stripsOf(piece, true);
        REQUIRE(strips.size() == 1);
        CHECK(diagnose::outside(strips[0], kernel, kSource, kWidth) ==
              Approx(leftOver(rows, curves)).epsilon(kEnds));
    }
}

TEST_CASE("an enlarged picture lies in its space, along rows as along columns") {
    const VImage small = plain(150, 110);
    const VImage large =
        ops::resample(small, 330, 242, Kernel::bicubic, Borders::cut).copy_memory();
    for (const bool alongRows : {true, false}) {
        const int source = alongRows ? 150 : 110, target = alongRows ? 330 : 242;
        for (const Strip& strip : diagnose::stripsOf(all(large), alongRows)) {
            constexpr double kRounding = 0.12;  // a twelfth of a squared level, and less in luma
            CHECK(diagnose::outside(strip, Kernel::bicubic, source, target) < kRounding);
            CHECK(diagnose::outside(strip, Kernel::bicubic, source - 5, target) > 10 * kRounding);
        }
    }
}

TEST_CASE("lines that were cut off at black are left out") {
    const VImage small = plain(150, 110);
    const VImage large = ops::resample(small, 330, 242, Kernel::bicubic, Borders::cut);
    // A bar across the middle, darker than black.
    const VImage bar =
        VImage::black(330, 242, VImage::option()->set("bands", 3))
            .insert(VImage::black(330, 60, VImage::option()->set("bands", 3)) + 255, 0, 90);
    const VImage cut = (large.cast(VIPS_FORMAT_FLOAT) - bar / 1.5).cast(VIPS_FORMAT_UCHAR);
    for (const Strip& strip : diagnose::stripsOf(all(cut.copy_memory()), true))
        CHECK(diagnose::outside(strip, Kernel::bicubic, 150, 330) < 0.2);
}
