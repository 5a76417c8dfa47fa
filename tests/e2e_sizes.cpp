// The size asked for is the size delivered, to the pixel, whatever path leads there.
#include <catch2/catch.hpp>
#include <cmath>

#include "support.h"

using namespace acuity::test;

namespace {

// One run on a picture of the given size; the size of the result, or the message when there is
// none.
std::string enlarged(int width, int height, std::vector<std::string> options) {
    Folder folder;
    paint(folder / "in.png", width, height);
    options.insert(options.end(), {folder / "in.png", "-o", folder / "out.png"});
    const Result result = run(options);
    if (result.status != 0) return std::to_string(result.status) + ": " + result.err;
    return sizeOf(folder / "out.png");
}

std::string pixels(double width, double height) {
    return std::to_string(std::lround(width)) + "x" + std::to_string(std::lround(height));
}

}  // namespace

TEST_CASE("any factor gives the rounded product") {
    for (const std::string factor : {"1", "1.37", "2", "3", "4", "5.5", "8", "16"}) {
        const double f = std::stod(factor);
        INFO("factor " << factor);
        CHECK(enlarged(40, 30, {"-m", "bicubic", "-s", factor}) == pixels(40 * f, 30 * f));
        CHECK(enlarged(37, 53, {"-m", "bicubic", "-s", factor}) == pixels(37 * f, 53 * f));
    }
}

TEST_CASE("the factor is four unless one is given") {
    CHECK(enlarged(20, 10, {"-m", "lanczos"}) == "80x40");
}

TEST_CASE("every interpolation reaches the size") {
    for (const std::string model : {"nearest", "bilinear", "bicubic", "lanczos"}) {
        INFO(model);
        CHECK(enlarged(13, 7, {"-m", model, "-s", "2.5"}) == pixels(13 * 2.5, 7 * 2.5));
    }
}

TEST_CASE("networks reach any size, one pass or several, enlarging and reducing") {
    for (const std::string model : {"faithful-x2", "faithful-x4"}) {
        if (shippedModel(model).empty()) {
            WARN(model << " is not in models/ yet; skipped");
            continue;
        }
        for (const std::string factor : {"1", "1.37", "2", "3", "4", "5.5", "8", "16"}) {
            const double f = std::stod(factor);
            INFO(model << ", factor " << factor);
            CHECK(enlarged(24, 17, {"-m", model, "-s", factor}) == pixels(24 * f, 17 * f));
        }
    }
}

TEST_CASE("a box is fitted into, covered or filled exactly") {
    const auto box = [](const std::string& size, const std::string& fit) {
        return enlarged(40, 30, {"-m", "bicubic", "--size", size, "--fit", fit});
    };
    CHECK(box("100x100", "inside") == "100x75");
    CHECK(box("200x90", "inside") == "120x90");
    CHECK(box("100x100", "cover") == "100x100");
    CHECK(box("160x90", "cover") == "160x90");
    CHECK(box("100x100", "exact") == "100x100");
    CHECK(box("81x300", "exact") == "81x300");
    CHECK(enlarged(40, 30, {"-m", "bicubic", "--size", "100x100"}) == "100x75");
}

TEST_CASE("covering keeps the middle, filling distorts") {
    Folder folder;
    paint(folder / "in.png", 40, 20);
    const std::vector<std::string> common{folder / "in.png", "-m", "nearest", "--size", "80x80"};
    auto cover = common, exact = common;
    cover.insert(cover.end(), {"--fit", "cover", "-o", folder / "cover.png"});
    exact.insert(exact.end(), {"--fit", "exact", "-o", folder / "exact.png"});
    REQUIRE(run(cover).status == 0);
    REQUIRE(run(exact).status == 0);
    const auto in = look(folder / "in.png");
    const auto middle = in.crop(10, 0, 20, 20)
                            .resize(4, vips::VImage::option()->set("kernel", VIPS_KERNEL_NEAREST));
    CHECK((look(folder / "cover.png") - middle).abs().max() == 0);
    CHECK_FALSE(samePixels(folder / "cover.png", folder / "exact.png"));
}

TEST_CASE("one side decides and the other follows") {
    const auto side = [](const std::string& option, const std::string& value) {
        return enlarged(40, 30, {"-m", "bicubic", option, value});
    };
    CHECK(side("--width", "100") == "100x75");
    CHECK(side("--height", "100") == "133x100");
    CHECK(side("--short-side", "100") == "133x100");
    CHECK(side("--long-side", "100") == "100x75");
    CHECK(enlarged(30, 40, {"-m", "bicubic", "--long-side", "100"}) == "75x100");
    CHECK(enlarged(30, 40, {"-m", "bicubic", "--short-side", "100"}) == "100x133");
}

TEST_CASE("a print size is centimetres times density, and the file says so") {
    Folder folder;
    paint(folder / "in.png", 300, 200);
    REQUIRE(run({folder / "in.png", "-m", "bicubic", "--print", "30x20cm", "--dpi", "300", "-o",
                 folder / "out.png"})
                .status == 0);
    CHECK(sizeOf(folder / "out.png") == "3543x2362");
    CHECK(look(folder / "out.png").xres() * 25.4 == Approx(300).epsilon(0.001));
    CHECK(enlarged(60, 40, {"-m", "bicubic", "--print", "3x2cm", "--dpi", "150"}) == "177x118");
}

TEST_CASE("pictures of a few pixels are pictures") {
    std::vector<std::string> models{"bicubic", "lanczos"};
    if (!shippedModel("faithful-x4").empty()) models.push_back("faithful-x4");
    for (const auto& model : models) {
        INFO(model);
        CHECK(enlarged(1, 1, {"-m", model}) == "4x4");
        CHECK(enlarged(3, 5, {"-m", model}) == "12x20");
        CHECK(enlarged(1, 40, {"-m", model, "-s", "3"}) == "3x120");
        CHECK(enlarged(300, 1, {"-m", model, "-s", "2"}) == "600x2");
    }
}

TEST_CASE("transparent pictures of a few pixels, too") {
    const Folder folder;
    for (const auto& [width, height] : {std::pair(1, 1), {2, 2}, {2, 30}}) {
        vips::VImage::black(width, height, vips::VImage::option()->set("bands", 4))
            .linear(1, 200)
            .cast(VIPS_FORMAT_UCHAR)
            .write_to_file((folder / "in.png").c_str());
        const Result result = run({folder / "in.png", "-m", "lanczos", "-s", "4", "--overwrite",
                                   "-o", folder / "out.png"});
        INFO(result.err);
        CHECK(result.status == 0);
        CHECK(look(folder / "out.png").getpoint(0, 0) == std::vector<double>(4, 200));
    }
}

TEST_CASE("what a format cannot hold is said before the work, by --dry-run as well") {
    const Folder folder;
    paint(folder / "in.png", 270, 20);
    for (const char* more : {"--dry-run", "--quiet"}) {
        const Result result =
            run({folder / "in.png", "-m", "nearest", "-s", "64", "-o", folder / "out.webp", more});
        CHECK(result.status == 1);
        CHECK(contains(result.err, "16383"));
    }
}

TEST_CASE("sizes that contradict each other or mean nothing are usage errors") {
    Folder folder;
    paint(folder / "in.png", 8, 8);
    const std::vector<std::vector<std::string>> wrong{{"-s", "0"},
                                                      {"-s", "-2"},
                                                      {"-s", "many"},
                                                      {"-s", "nan"},
                                                      {"-s", "1e9"},
                                                      {"--size", "0x0"},
                                                      {"--size", "100"},
                                                      {"--size", "axb"},
                                                      {"--width", "0"},
                                                      {"--width", "-5"},
                                                      {"--print", "30"},
                                                      {"--print", "0x0cm"},
                                                      {"--fit", "sideways"},
                                                      {"-s", "2", "--width", "10"},
                                                      {"--size", "10x10", "--long-side", "20"},
                                                      {"--print", "3x2cm", "--dpi", "0"}};
    for (auto options : wrong) {
        std::string shown;
        for (const auto& word : options) shown += word + " ";
        INFO(shown);
        options.insert(options.end(),
                       {"-m", "bicubic", folder / "in.png", "-o", folder / "out.png"});
        const Result result = run(options);
        CHECK(result.status == 2);
        CHECK_FALSE(result.err.empty());
        CHECK(files(folder.path()) == std::set<std::string>{"in.png"});
    }
}
