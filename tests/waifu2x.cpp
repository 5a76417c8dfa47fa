// waifu2x, Real-CUGAN and SRMD: what file names and options change. Their results are compared with
// PyTorch's in architectures.cpp.
#include <catch2/catch.hpp>

#include "architectures/families.h"
#include "base/error.h"
#include "support.h"
#include "weights/read.h"

using namespace acuity;
using acuity::test::Folder;

namespace {

std::string path(const std::string& name) {
    return std::string(ACUITY_SOURCE) + "/tests/data/parity/" + name + ".safetensors";
}

architectures::Network read(const std::string& name, const architectures::Options& options = {},
                            const std::string& fileName = "model.pth") {
    return architectures::arrange(weights::read(path(name)), options, fileName);
}

std::string refusal(const std::string& name, const architectures::Options& options) {
    try {
        read(name, options);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("CUNet and Real-CUGAN x2 have the same tensors and are told by name or option") {
    CHECK(read("real-cugan-x2").family == "waifu2x CUNet");
    CHECK(read("real-cugan-x2", {}, "up2x-latest-denoise3x.pth").family == "Real-CUGAN");
    CHECK(read("real-cugan-x2", {{"kind", "cugan"}}).family == "Real-CUGAN");
    CHECK(read("real-cugan-x2", {{"kind", "waifu2x"}}, "up2x-no-denoise.pth").family ==
          "waifu2x CUNet");
    CHECK(says(refusal("real-cugan-x2", {{"kind", "other"}}), "cugan or waifu2x"));
    CHECK(read("real-cugan-x4", {}, "any.pth").family == "Real-CUGAN");
}

TEST_CASE("pro weights are told by their mark, their name or an option") {
    CHECK(says(read("real-cugan-x2-marked").details, "pro"));
    CHECK(says(read("real-cugan-x3", {}, "pro-conservative-up3x.pth").details, "pro"));
    CHECK(says(read("real-cugan-x3", {{"pro", "1"}}).details, "pro"));
    CHECK_FALSE(says(read("real-cugan-x3").details, "pro"));
    CHECK_FALSE(says(read("real-cugan-x2-marked", {{"pro", "0"}}).details, "pro"));
}

TEST_CASE("networks that see the whole picture say so, and what sides they need") {
    CHECK(read("waifu2x-cunet-x2").global);
    CHECK(read("waifu2x-cunet-x2").align == 2);
    CHECK(read("waifu2x-cunet-x1").align == 4);
    CHECK(read("real-cugan-x3").align == 4);
    CHECK_FALSE(read("waifu2x-upconv7").global);
    CHECK(read("waifu2x-vgg7").family == "waifu2x VGG7");
}

TEST_CASE("SRMD runs only when told the blur") {
    CHECK(says(refusal("srmd-x2", {}), "must be told the blur"));
    const std::string planes = "1,0,0,0,0,0,0,0,0,0,0,0,0,0,-.5";
    CHECK(says(read("srmd-x2", {{"planes", planes}, {"noise", "15"}}).details, "noise 15"));
    CHECK(says(read("srmdnf-x3", {{"planes", planes}}).details, planes));
    const std::vector<std::string> wrongs{"",
                                          "1",
                                          "1,2,3",
                                          "a,b",
                                          planes.substr(2),
                                          planes + ",1",
                                          planes + ",",
                                          planes + "x",
                                          "1,0,0,0,0,0,0,0,0,0,0,0,0,0,nan"};
    for (const std::string& wrong : wrongs)
        CHECK(says(refusal("srmdnf-x3", {{"planes", wrong}}), "takes 15 numbers"));
    CHECK(says(refusal("srmd-x2", {{"planes", planes}, {"noise", "76"}}), "noise"));
    CHECK(says(refusal("srmdnf-x3", {{"planes", planes}, {"noise", "1"}}), "noise"));
}

TEST_CASE("pictures of any size go through networks that need even sides") {
    const Folder folder;
    for (const auto& [name, factor, size] : {std::array{"waifu2x-cunet-x2", "2", "62x46"},
                                             {"real-cugan-x3", "3", "93x69"},
                                             {"real-cugan-x4", "4", "124x92"},
                                             {"waifu2x-cunet-x1", "1", "31x23"}}) {
        INFO(name);
        test::paint(folder / "in.png", 31, 23);
        const auto result = test::run({folder / "in.png", "-o", folder / "out.png", "--overwrite",
                                       "-m", path(name), "-s", factor});
        CHECK(result.status == 0);
        CHECK(test::sizeOf(folder / "out.png") == size);
    }
}
