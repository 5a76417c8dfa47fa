// The ncnn models that people own: they run, enlarge, and leave the picture where it is.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "architectures/ncnn.h"
#include "engine/engine.h"
#include "networks.h"
#include "ops/metrics.h"
#include "ops/resample.h"
#include "support.h"
#include "weights/ncnn.h"

using namespace acuity;
using architectures::Network;
using vips::VImage;

namespace {

namespace fs = std::filesystem;

const std::vector<std::pair<std::string, int>> kModels{
    {"4xNomos8k_span_otf_medium.param", 4},
    {"RealESRGAN_General_x4_v3.bin", 4},
    {"realesr-animevideov3-x4.param", 4},
    {"spanx4_ch48.bin", 4},
    {"upconv_7_photo-noise1_scale2.0x_model.param", 2},
    {"waifu2x-cunet/noise1_scale2.0x_model.bin", 2}};

Network open(const std::string& name) {
    const auto model = weights::readNcnn(test::sharedData() + "weights/ncnn/" + name);
    return architectures::fromNcnn(model, {}, name);
}

VImage enlarged(const Network& network, const VImage& picture) {
    static const auto engine = engine::openEngine("cpu");
    const int w = picture.width(), h = picture.height();
    const auto compiled = engine->compile(network.onnx, h, w, {engine::Precision::f32, 2, 1});
    const engine::Size size = compiled->output();
    REQUIRE(size.height == h * network.scale);
    REQUIRE(size.width == w * network.scale);
    const auto request = compiled->request();
    const VImage values = picture.cast(VIPS_FORMAT_FLOAT) / 255;
    for (int c = 0; c < 3; ++c) {
        std::size_t bytes = 0;
        void* plane = values[c].write_to_memory(&bytes);
        std::memcpy(request->input() + std::size_t(c) * w * h, plane, bytes);
        g_free(plane);
    }
    request->run();
    std::vector<VImage> planes;
    for (int c = 0; c < 3; ++c)
        planes.push_back(VImage(vips_image_new_from_memory_copy(
            request->output() + std::size_t(c) * size.width * size.height,
            std::size_t(size.width) * size.height * 4, size.width, size.height, 1,
            VIPS_FORMAT_FLOAT)));
    return (VImage::bandjoin(planes) * 255 + 0.5)
        .cast(VIPS_FORMAT_UCHAR)
        .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

VImage load(const std::string& name) {
    codec::Picture picture = codec::open(test::sharedData() + name, {});
    codec::decode(picture, test::sharedData() + name, {});
    return picture.frames.front();
}

struct Pair {
    VImage lr, hr;
};

Pair set5(int number, int scale) {
    const std::string file = "/img_00" + std::to_string(number) + ".png";
    Pair pair{load("test/Set5/LR_x" + std::to_string(scale) + file), load("test/Set5/HR" + file)};
    pair.hr = pair.hr.crop(0, 0, pair.lr.width() * scale, pair.lr.height() * scale);
    return pair;
}

double psnr(const VImage& sr, const VImage& hr, int scale) {
    return ops::score(sr, hr, scale, scale).psnr;
}

}  // namespace

TEST_CASE("real ncnn models enlarge pictures of any size and move nothing", "[ncnn][real]") {
    if (test::sharedData().empty()) return;
    codec::startVips();
    const VImage picture = load("free/kodak/04.webp");
    for (const auto& [name, scale] : kModels) {
        CAPTURE(name);
        const Network network = open(name);
        REQUIRE(network.scale == scale);
        CHECK(network.global == (name.find("cunet") != std::string::npos));
        for (const auto& [w, h] : {std::pair{64, 48}, {75, 61}, {33, 90}, {8, 9}}) {
            CAPTURE(w, h);
            const VImage lr = picture.crop(200, 100, w, h).copy_memory();
            const VImage sr = enlarged(network, lr);
            // What is enlarged gives the small picture again when it is reduced...
            const VImage small = ops::resample(sr, w, h, ops::Kernel::bicubic);
            CHECK((small.cast(VIPS_FORMAT_FLOAT) - lr.cast(VIPS_FORMAT_FLOAT)).abs().avg() < 12);
            if (w < 60) continue;
            // ...best where it lies, not one pixel aside.
            const VImage bicubic = ops::resample(lr, w * scale, h * scale, ops::Kernel::bicubic);
            const auto apart = [&](int dx, int dy) {
                const auto part = [&](const VImage& image, int x, int y) {
                    return image.crop(4 + x, 4 + y, w * scale - 8, h * scale - 8)
                        .cast(VIPS_FORMAT_FLOAT);
                };
                const VImage off = part(sr, dx, dy) - part(bicubic, 0, 0);
                return (off * off).avg();
            };
            for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}})
                CHECK(apart(0, 0) < apart(dx, dy));
        }
    }
}

TEST_CASE("spanx4_ch48 beats bicubic by 3 dB on Set5", "[ncnn][real]") {
    if (test::sharedData().empty()) return;
    codec::startVips();
    const Network network = open("spanx4_ch48.param");
    double ours = 0, bicubic = 0;
    for (int i = 1; i <= 5; ++i) {
        const auto [lr, hr] = set5(i, 4);
        ours += psnr(enlarged(network, lr), hr, 4) / 5;
        bicubic +=
            psnr(ops::resample(lr, hr.width(), hr.height(), ops::Kernel::bicubic), hr, 4) / 5;
    }
    INFO("spanx4_ch48 " << ours << " dB, bicubic " << bicubic << " dB");
    CHECK(ours > bicubic + 3);
}

TEST_CASE("waifu2x beats bicubic on Set5, and itself one pixel aside", "[ncnn][real]") {
    if (test::sharedData().empty()) return;
    codec::startVips();
    for (const char* name : {"upconv_7_photo-noise1_scale2.0x_model.param",
                             "waifu2x-cunet/noise1_scale2.0x_model.bin"}) {
        const Network network = open(name);
        double best = 0, right = 0, up = 0, bicubic = 0;
        for (const int i : {2, 3}) {
            const auto [lr, hr] = set5(i, 2);
            const VImage sr = enlarged(network, lr);
            const VImage plain = ops::resample(lr, hr.width(), hr.height(), ops::Kernel::bicubic);
            const int w = hr.width() - 8, h = hr.height() - 8;
            const VImage truth = hr.crop(4, 4, w, h);
            best += psnr(sr.crop(4, 4, w, h), truth, 2) / 2;
            right += psnr(sr.crop(5, 4, w, h), truth, 2) / 2;
            up += psnr(sr.crop(4, 3, w, h), truth, 2) / 2;
            bicubic += psnr(plain.crop(4, 4, w, h), truth, 2) / 2;
        }
        INFO(name << " " << best << " dB, aside " << right << " " << up << ", bicubic " << bicubic);
        CHECK(best > bicubic + 2);
        CHECK(best > right + 3);
        CHECK(best > up + 3);
    }
}

TEST_CASE("graphs without weights are read and refused with the missing file's name",
          "[ncnn][real]") {
    if (test::sharedData().empty()) return;
    for (const auto& entry : fs::directory_iterator(test::sharedData() + "weights/rrdb-graphs")) {
        const std::string missing = "'" + entry.path().stem().string() + ".bin' is missing";
        CHECK_THROWS_WITH(weights::readNcnn(entry.path().string()),
                          Catch::Contains("has no weights") && Catch::Contains(missing));
    }
}
