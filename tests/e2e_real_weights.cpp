// Weight files that people really have, through the real command: what their authors published.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "networks.h"
#include "support.h"

using namespace acuity::test;

namespace {

/// PSNR of brightness on Set5, enlarged by the command in tiles.
double onSet5(const std::string& model, int scale) {
    const Folder folder;
    const std::string factor = std::to_string(scale), tests = sharedData() + "test/Set5/";
    const Result made = run({tests + "LR_x" + factor, "-s", factor, "-m", model, "-o",
                             folder / "out", "--suffix", "", "-t", "96", "--format", "png"});
    INFO(made.err);
    REQUIRE(made.status == 0);
    const Result scored = run({"score", folder / "out", tests + "HR", "--scale", factor, "--json"});
    REQUIRE(scored.status == 0);
    return nlohmann::json::parse(lines(scored.out).back()).at("psnrY");
}

}  // namespace

TEST_CASE("networks reach what their authors published, or what was measured elsewhere") {
    if (sharedData().empty()) return;
    const double bicubic = onSet5("bicubic", 4);
    CHECK(std::abs(bicubic - 28.43) < 0.02);
    const std::string folder = sharedData() + "weights/";
    CHECK(onSet5(folder + "pth/rlfn_x4.pth", 4) >= 32.15);  // published: 32.24, borders of zeros
    CHECK(onSet5(folder + "ncnn/spanx4_ch48.param", 4) >= bicubic + 3);
    CHECK(onSet5(folder + "pth/rfdn_aim_x4.pth", 4) >= 32.0);
}

TEST_CASE("the PyTorch and the ncnn copy of a network agree") {
    if (sharedData().empty()) return;
    const Folder folder;
    paint(folder / "in.png", 70, 50);
    const std::string weights = sharedData() + "weights/";
    // One holds its weights in f32, the other in f16; where the processor has bf16, rounding to
    // that would hide it.
    REQUIRE(run({folder / "in.png", "-o", folder / "a.png", "--precision", "f32", "-m",
                 weights + "pth/realesr-animevideov3.pth"})
                .status == 0);
    REQUIRE(run({folder / "in.png", "-o", folder / "b.png", "--precision", "f32", "-m",
                 weights + "ncnn/realesr-animevideov3-x4.bin"})
                .status == 0);
    CHECK(farthest(look(folder / "a.png"), look(folder / "b.png")) <= 2);
}

TEST_CASE("what cannot be run is refused with the reason") {
    if (sharedData().empty()) return;
    const Folder folder;
    paint(folder / "in.png", 10, 10);
    for (const auto& [name, reason] :
         {std::pair{"pth/vdsr-pickled-module.pth", "vdsr.Net"},
          {"rrdb-graphs/remacri-4x.param", "remacri-4x.bin"},
          {"rrdb-graphs/ultrasharp-4x.param", "ultrasharp-4x.bin"},
          {"rrdb-graphs/upscayl-standard-4x.param", "upscayl-standard-4x.bin"},
          {"onnx/yunet_n_640_640.onnx", "12 outputs"},
          {"onnx/yunet_n_dynamic.onnx", "12 outputs"}}) {
        const Result result = run(
            {folder / "in.png", "-o", folder / "out.png", "-m", sharedData() + "weights/" + name});
        INFO(result.err);
        CHECK(result.status == 3);
        CHECK(contains(result.err, reason));
        CHECK(lines(result.err).size() == 1);
    }
}
