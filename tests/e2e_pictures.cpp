// Pictures of every kind through the real network and the real command.
#include <acuity/acuity.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "networks.h"
#include "support.h"

using namespace acuity::test;
using vips::VImage;

namespace {

void save(const VImage& image, const std::string& path) {
    image.write_to_file(path.c_str());
}

/// Through the network, to a TIFF; the pixels of the result.
VImage enlarged(const Folder& folder, const std::string& input,
                std::vector<std::string> more = {}) {
    const std::string out = folder / "result.tif";
    std::vector<std::string> arguments{input, "-o", out, "-s", "2", "--overwrite", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Result result = run(arguments);
    INFO(result.err);
    REQUIRE(result.status == 0);
    return look(out);
}

/// Pixels stored so that orientation `tag` shows `upright`.
VImage stored(const VImage& upright, int tag) {
    switch (tag) {
        case 2:
            return upright.fliphor();
        case 3:
            return upright.rot180();
        case 4:
            return upright.flipver();
        case 5:
            return upright.rot90().fliphor();
        case 6:
            return upright.rot270();
        case 7:
            return upright.rot270().fliphor();
        case 8:
            return upright.rot90();
        default:
            return upright;
    }
}

}  // namespace

TEST_CASE("all eight orientations give the upright picture's result bit for bit") {
    Folder folder;
    const VImage upright = scene(50, 34, 3).copy_memory();
    save(upright, folder / "upright.tif");
    const VImage expected = enlarged(folder, folder / "upright.tif").copy_memory();
    REQUIRE(expected.width() == 100);
    for (int tag = 1; tag <= 8; tag++) {
        VImage turned = stored(upright, tag).copy_memory().copy();
        turned.set("orientation", tag);
        save(turned, folder / "turned.tif");
        INFO("orientation " << tag);
        const VImage result = enlarged(folder, folder / "turned.tif");
        REQUIRE(result.width() == 100);
        CHECK(farthest(result, expected) == 0);
        const bool reset =
            result.get_typeof("orientation") == 0 || result.get_int("orientation") == 1;
        CHECK(reset);
    }
}

TEST_CASE("the tile size does not change the result") {
    Folder folder;
    save(scene(120, 90, 3), folder / "in.png");
    const VImage whole = enlarged(folder, folder / "in.png", {"-t", "4096"}).copy_memory();
    for (const char* tile : {"16", "37", "64", "100"})
        CHECK(farthest(enlarged(folder, folder / "in.png", {"-t", tile}), whole) <= 1);
}

TEST_CASE("a transparent picture keeps its edge clean") {
    Folder folder;
    scene(1, 1, 1);
    // A white disc on transparent black: the classic dark fringe.
    const VImage xy = VImage::xyz(64, 64) - std::vector<double>{32, 32};
    const VImage inside = xy[0] * xy[0] + xy[1] * xy[1] < 400;
    const VImage alpha = inside.ifthenelse(255, 0).cast(VIPS_FORMAT_UCHAR);
    const VImage rgba = alpha.bandjoin(alpha).bandjoin(alpha).bandjoin(alpha).copy(
        VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    save(rgba, folder / "disc.png");
    const VImage out = enlarged(folder, folder / "disc.png");
    REQUIRE(out.bands() == 4);
    const VImage visible = out[3] > 0;
    CHECK(visible.ifthenelse(out[0], 255).min() >= 250);
    // What was opaque or transparent with all its neighbours stays exactly that.
    const VImage far = VImage::xyz(128, 128) - std::vector<double>{64, 64};
    const VImage r2 = far[0] * far[0] + far[1] * far[1];
    CHECK((r2 < 34 * 34).ifthenelse(out[3], 255).min() == 255);
    CHECK((r2 > 46 * 46).ifthenelse(out[3], 0).max() == 0);
}

TEST_CASE("grey, 16 bits, pages and frames stay what they are") {
    Folder folder;
    save(scene(40, 30, 1), folder / "grey.png");
    CHECK(enlarged(folder, folder / "grey.png").bands() == 1);
    const VImage deep =
        (scene(40, 30, 3) * 256.0)
            .cast(VIPS_FORMAT_USHORT)
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16));
    save(deep, folder / "deep.png");
    CHECK(enlarged(folder, folder / "deep.png").format() == VIPS_FORMAT_USHORT);

    VImage pages = scene(40, 60, 3).copy();
    pages.set("page-height", 20);
    save(pages, folder / "pages.tif");
    const VImage result = enlarged(folder, folder / "pages.tif");
    CHECK(result.get_int("n-pages") == 3);
    CHECK(result.height() == 40);  // one page; together they would be 120
    const VImage one = enlarged(folder, folder / "pages.tif", {"--page", "1"});
    CHECK(one.height() == 40);
    CHECK((one.get_typeof("n-pages") == 0 || one.get_int("n-pages") == 1));

    pages.set("delay", std::vector<int>{70, 80, 90});
    save(pages, folder / "moving.gif");
    REQUIRE(run({folder / "moving.gif", "-s", "2", "-o", folder / "large.gif"}).status == 0);
    const VImage moving =
        VImage::new_from_file((folder / "large.gif").c_str(), VImage::option()->set("n", -1));
    CHECK(moving.width() == 80);
    CHECK(moving.height() == 120);
    CHECK(moving.get_array_int("delay") == std::vector<int>{70, 80, 90});
}

TEST_CASE("frames of an animation do not leak into each other") {
    Folder folder;
    // A black and a white frame: the border between them is none.
    const VImage black = (scene(32, 24, 3) * 0).cast(VIPS_FORMAT_UCHAR);
    VImage both = black.join(black.invert(), VIPS_DIRECTION_VERTICAL).copy();
    both.set("page-height", 24);
    save(both, folder / "two.tif");
    enlarged(folder, folder / "two.tif");
    const auto page = [&](int n) {
        return VImage::new_from_file((folder / "result.tif").c_str(),
                                     VImage::option()->set("page", n));
    };
    CHECK(page(0).max() <= 3);
    CHECK(page(1).min() >= 252);
}

TEST_CASE("a large picture stays within the memory allowed") {
    Folder folder;
    save(scene(1800, 1200, 3), folder / "in.jpg");
    // As on a new machine: the search for the best tile is part of it.
    const Result result = run({folder / "in.jpg", "-m", "faithful-x2", "-s", "2", "--memory",
                               "256M", "-o", folder / "out.tif"},
                              {.env = {{"ACUITY_CACHE", folder / "cache"}}, .timeout = 200});
    INFO(result.err);
    CHECK(result.status == 0);
#ifdef __SANITIZE_ADDRESS__
    const long most = 600;  // its shadow and quarantine come on top
#else
    const long most = 300;  // MiB; libraries and code are no part of the allowance
#endif
    CHECK(result.peak < most);
    CHECK(sizeOf(folder / "out.tif") == "3600x2400");
}

TEST_CASE("--explain says what is done, and --json gives it to programs") {
    Folder folder;
    paint(folder / "in.png", 30, 20);
    const Result said = run({folder / "in.png", "-s", "3", "--explain", "--dry-run"});
    CHECK(said.status == 0);
    CHECK(contains(said.out, "90x60"));
    CHECK(contains(said.out, "faithful-x4"));
    const Result result = run({folder / "in.png", "-s", "2", "--json"});
    const auto object = nlohmann::json::parse(result.out);
    CHECK(object["status"] == "done");
    CHECK(object["passes"][0]["model"] == "faithful-x2");
    CHECK(object["network"]["haloWaste"].get<double>() > 1);
    CHECK(object["network"]["tiles"] == 1);
}

TEST_CASE("score and models answer on the command line") {
    Folder folder;
    paint(folder / "a.png", 40, 40);
    const Result same = run({"score", folder / "a.png", folder / "a.png", "--json"});
    REQUIRE(same.status == 0);
    CHECK(nlohmann::json::parse(same.out)["psnrY"] == 100);
    paint(folder / "b.png", 90, 40);
    CHECK(run({"score", folder / "a.png", folder / "b.png"}).status == 2);
    CHECK(run({"score", folder / "a.png", folder / "none.png"}).status == 1);

    const Result list = run({"models", "list"});
    CHECK(list.status == 0);
    for (const char* name : {"faithful-x2", "faithful-x4", "nearest", "lanczos"})
        CHECK(contains(list.out, name));
    CHECK(contains(run({"models", "info", "faithful-x4"}).out, "licence"));
    CHECK(run({"models", "info", "nonsense"}).status == 3);
    CHECK(contains(run({"models", "info", "faithful"}).err, "faithful-x2 and faithful-x4"));
    CHECK(contains(run({"models", "info", "realesrgan-x4plus"}).err,
                   "acuity models pull realesrgan-x4plus"));
    const Result verified = run({"models", "verify"});
    CHECK(verified.status == 0);
    CHECK(contains(verified.out, "faithful-x4: good"));
}

TEST_CASE("the library does what the command does") {
    Folder folder;
    paint(folder / "in.png", 24, 18);
    acuity::Options options;
    options.set("scale", "2");
    const acuity::Result result = acuity::enlarge(folder / "in.png", folder / "lib.png", options);
    CHECK(result.width == 48);
    REQUIRE(run({folder / "in.png", "-s", "2", "-o", folder / "cli.png"}).status == 0);
    CHECK(samePixels(folder / "lib.png", folder / "cli.png"));
    CHECK_THROWS_AS(options.set("scale", "huge"), acuity::Error);
    CHECK_THROWS_AS(options.set("nonsense", "1"), acuity::Error);
    CHECK_THROWS_AS(acuity::enlarge(folder / "none.png", folder / "x.png", options), acuity::Error);
}

TEST_CASE("the published scores are reached through the command") {
    const fs::path sets = fs::path(ACUITY_SOURCE) / "../shared/data/test";
    if (!fs::exists(sets)) {
        WARN("the field's test sets are not here; skipped");
        return;
    }
    const auto mean = [&](const std::string& set, const std::string& scale) {
        Folder folder;
        const Result made = run({(sets / set / ("LR_x" + scale)).string(), "-s", scale, "-f", "png",
                                 "-o", folder / "sr/", "--quiet"},
                                {.timeout = 200});
        REQUIRE(made.status == 0);
        const Result scored =
            run({"score", folder / "sr", (sets / set / "HR").string(), "--scale", scale, "--json"});
        return nlohmann::json::parse(lines(scored.out).back())["psnrY"].get<double>();
    };
    CHECK(mean("Set5", "4") >= 31.3);
    CHECK(mean("Set14", "4") >= 28.0);
    CHECK(mean("Set5", "2") >= 37.0);
}
