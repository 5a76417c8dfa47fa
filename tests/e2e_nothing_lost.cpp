// Nothing that stands on the disk is lost unless somebody says so, and nothing is lost to a rule
// of the picture's own: as a person runs the program.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "base/process.h"
#include "support.h"

using namespace acuity::test;
using nlohmann::json;

TEST_CASE("a trust map replaces nothing, least of all its picture") {
    const Folder folder;
    paint(folder / "in.png", 40, 30, 1);
    const std::string before = bytesOf(folder / "in.png");
    const auto mapped = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {folder / "in.png", "-m", "nearest", "-s", "2"});
        return run(words);
    };
    const std::string out = folder / "out.png";
    CHECK(contains(mapped({"-o", out, "--trust-map", folder / "in.png"}).err, "picture itself"));
    CHECK(contains(mapped({"-o", out, "--overwrite", "--trust-map", folder / "in.png"}).err,
                   "itself"));
    CHECK(mapped({"-o", out, "--trust-map", out}).status == 1);
    CHECK(mapped({"-o", out, "--trust-map", folder / "map.txt"}).status == 1);
    CHECK(bytesOf(folder / "in.png") == before);
    CHECK(files(folder.path()) == std::set<std::string>{"in.png"});

    writeBytes(folder / "map-legend.png", "mine");
    CHECK(contains(mapped({"-o", out, "--trust-map", folder / "map.png"}).err, "exists"));
    CHECK(bytesOf(folder / "map-legend.png") == "mine");
    CHECK(mapped({"-o", out, "--overwrite", "--trust-map", folder / "map.png"}).status == 0);
    CHECK(sizeOf(folder / "map.png") == "80x60");
    CHECK(bytesOf(folder / "map-legend.png") != "mine");
    // One map of two pictures would be of the second one only.
    paint(folder / "other.png", 40, 30, 2);
    const Result two = run({folder / "in.png", folder / "other.png", "-m", "nearest", "-o",
                            folder / "both/", "--trust-map", folder / "one.png"});
    CHECK(two.status == 1);
    CHECK(contains(two.err, "a map is of one picture"));
}

TEST_CASE("Deep Zoom replaces its own tiles only, under whichever name it is asked for") {
    const Folder folder;
    paint(folder / "in.png", 40, 30, 1);
    const auto zoomed = [&](const std::string& name, const std::string& more = "--quiet") {
        return run({folder / "in.png", "-m", "nearest", "-s", "2", "-o", folder / name, more});
    };
    fs::create_directories(folder / "page_files");
    writeBytes(folder / "page_files/mine.txt", "mine");
    for (const char* more : {"--quiet", "--overwrite"})
        CHECK(contains(zoomed("page.dzi", more).err, "not of a Deep Zoom"));
    CHECK(bytesOf(folder / "page_files/mine.txt") == "mine");
    CHECK_FALSE(fs::exists(folder / "page.dzi"));
    CHECK(zoomed("zoom.dz").status == 0);
    CHECK(fs::exists(folder / "zoom.dzi"));
    for (const char* name : {"zoom.dz", "zoom.dzi"})
        CHECK(contains(zoomed(name).err, "exists; --overwrite replaces it"));
    CHECK(zoomed("zoom.dz", "--overwrite").status == 0);
}

TEST_CASE("a round trip replaces earlier ones only when asked, and never its picture") {
    const Folder folder;
    paint(folder / "sheet.png", 64, 48, 1);
    const std::string before = bytesOf(folder / "sheet.png");
    const auto sent = [&](const std::string& to, std::vector<std::string> more = {}) {
        // The model before the input: an option takes one value.
        more.insert(more.begin(), {"roundtrip", "-m", "nearest", folder / "sheet.png", "-o", to,
                                   "--times", "1", "--factor", "2"});
        return run(more);
    };
    CHECK(contains(sent(folder.path()).err, "would be replaced"));
    CHECK(contains(sent(folder.path(), {"--overwrite"}).err, "would be replaced"));
    CHECK(bytesOf(folder / "sheet.png") == before);
    CHECK(files(folder.path()) == std::set<std::string>{"sheet.png"});
    CHECK(sent(folder / "out").status == 0);
    CHECK(contains(sent(folder / "out").err, "exists"));
    CHECK(sent(folder / "out", {"--overwrite"}).status == 0);
}

TEST_CASE("a round trip survives a video that cannot be made, and a picture that cannot be read") {
    const Folder folder;
    paint(folder / "b.png", 64, 48, 1);
    writeBytes(folder / "a.png", "no picture");
    fs::create_directories(folder / "bin");
    writeBytes(folder / "bin/ffmpeg", "#!/bin/sh\nexit 1\n");
    fs::permissions(folder / "bin/ffmpeg", fs::perms::owner_all);
    const Result result = run({"roundtrip", folder / "a.png", folder / "b.png", "-m", "nearest",
                               "-o", folder / "out", "--times", "2", "--factor", "2"},
                              {.env = {{"PATH", (folder / "bin") + ":" + getenv("PATH")}}});
    INFO(result.err);
    CHECK(result.status == 1);
    CHECK(contains(result.err, "no video"));
    CHECK(contains(result.err, "a.png"));
    CHECK(lines(bytesOf(folder / "out/rounds.csv")).size() == 1 + 2);
    CHECK_FALSE(fs::exists(folder / "out/b/rounds.mp4"));
}

TEST_CASE("one input that cannot be does not keep the others back") {
    const Folder folder;
    paint(folder / "tiny.png", 10, 10, 1);
    paint(folder / "good.png", 120, 100, 2);
    const Result result =
        run({"diagnose", folder / "tiny.png", folder / "good.png", "--width", "2000", "--json"});
    CHECK(result.status == 1);
    CHECK(contains(result.err, "tiny.png"));
    REQUIRE(lines(result.out).size() == 1);
    CHECK(json::parse(result.out)["width"] == 120);
}

TEST_CASE("scores are of the pictures that belong together") {
    const Folder folder;
    for (const char* name : {"hr", "sr", "both"}) fs::create_directories(folder / name);
    paint(folder / "hr/img1.png", 40, 30, 1);
    paint(folder / "hr/img10.png", 40, 30, 2);
    fs::copy(folder / "hr/img1.png", folder / "sr/img1_x4.png");
    fs::copy(folder / "hr/img10.png", folder / "sr/img10x4.png");
    const Result result = run({"score", folder / "sr", folder / "hr", "--scale", "2", "--json"});
    INFO(result.err);
    REQUIRE(lines(result.out).size() == 3);
    for (const std::string& line : lines(result.out)) CHECK(json::parse(line)["psnrY"] == 100);
    fs::copy(folder / "sr/img1_x4.png", folder / "sr/img1-2x.png");
    CHECK(contains(run({"score", folder / "sr", folder / "hr"}).err, "both named after"));
    // Names need not be UTF-8.
    paint(folder / "caf\xe9.png", 40, 30, 1);
    const std::string odd = folder / "caf\xe9.png";
    CHECK(json::parse(run({"score", odd, odd, "--scale", "2", "--json"}).out)["psnrY"] == 100);
}

TEST_CASE("a picture and JSON do not share standard output") {
    const Folder folder;
    const Result result =
        run({"-", "--json", "-s", "2", "-m", "nearest"}, {.in = painted(".png", 20, 20)});
    CHECK(result.status == 2);
    CHECK(result.out.empty());
}

TEST_CASE("several pictures are not taken to a folder that is named like a picture") {
    const Folder folder;
    paint(folder / "a.png", 40, 30, 1);
    paint(folder / "b.png", 40, 30, 2);
    const Result result =
        run({folder / "a.png", folder / "b.png", "-m", "nearest", "-o", folder / "both.png"});
    CHECK(result.status == 2);
    CHECK(contains(result.err, "name a folder"));
    CHECK(files(folder.path()) == std::set<std::string>{"a.png", "b.png"});
}

TEST_CASE("a picture that is squeezed is not bound to what there is no room for") {
    const Folder folder;
    paint(folder / "in.png", 120, 120, 3);
    const auto squeezed = [&](const std::string& name, std::vector<std::string> more) {
        more.insert(more.begin(), {folder / "in.png", "--size", "240x60", "--fit", "exact",
                                   "--reduced-by", "box", "-o", folder / name});
        REQUIRE(run(more).status == 0);
        return look(folder / name);
    };
    const auto plain = squeezed("plain.png", {"--consistency", "0"});
    for (const char* model : {"faithful", "lanczos"}) {
        const auto free =
            squeezed(std::string("free-") + model + ".png", {"-m", model, "--consistency", "0"});
        const auto asked =
            squeezed(std::string("asked-") + model + ".png", {"-m", model, "--consistency", "1"});
        CHECK((free - asked).abs().max() == 0);
    }
    CHECK((plain - squeezed("auto.png", {})).abs().max() == 0);
}
