// `acuity compare`, as a person runs it.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "ops/telling.h"
#include "support.h"

using namespace acuity;
using namespace acuity::test;
using nlohmann::json;
using vips::VImage;

namespace {

json compared(std::vector<std::string> words) {
    words.insert(words.begin(), "compare");
    words.push_back("--json");
    const Result result = run(words, {.timeout = 120});
    INFO(result.err);
    REQUIRE(result.status == 0);
    return json::parse(result.out);
}

/// The first label that begins so.
json labelled(const json& said, const std::string& begin) {
    for (const json& variant : said["variants"])
        if (variant["label"].get<std::string>().rfind(begin, 0) == 0) return variant;
    FAIL("no variant " << begin);
    return {};
}

}  // namespace

TEST_CASE("the four classic variants and Acuity's own choice stand on one sheet") {
    const Folder folder;
    paint(folder / "in.png", 96, 72);
    const json said = compared({folder / "in.png", "-o", folder / "sheet.png"});
    // Directly is what Acuity chooses here, so that it is computed once.
    REQUIRE(said["variants"].size() == 4);
    CHECK(said["variants"][0]["automatic"] == true);
    CHECK(contains(said["variants"][0]["label"], "what Acuity chooses"));
    CHECK(labelled(said, "in two steps")["plan"]["passes"].size() == 2);
    CHECK(labelled(said, "halved first")["plan"]["startWidth"] == 48);
    CHECK(labelled(said, "halved first, in two")["plan"]["passes"].size() == 2);
    for (const json& variant : said["variants"]) CHECK(variant["seconds"].get<double>() > 0);
    // A row for the input and each variant; the whole, and at least one place.
    const VImage sheet = look(folder / "sheet.png");
    CHECK(sheet.height() > 5 * 270);
    CHECK(sheet.width() > 384 + 360);
    CHECK(said["places"].size() >= 1);
}

TEST_CASE("--try compares every combination, and --files keeps what enlarging alone would give") {
    const Folder folder;
    paint(folder / "in.png", 60, 44);
    const json said = compared({folder / "in.png", "-s", "2", "-o", folder / "sheet.png", "--files",
                                folder / "all", "--try", "model=lanczos,bicubic; prescale=off,50"});
    REQUIRE(said["variants"].size() == 5);  // with Acuity's own
    CHECK(files(folder / "all").size() == 5);
    const json one = labelled(said, "model bicubic, prescale 50");
    CHECK(one["settings"] == json{{"model", "bicubic"}, {"prescale", "50"}});
    REQUIRE(run({folder / "in.png", "-s", "2", "-m", "bicubic", "--prescale", "50%", "-o",
                 folder / "alone.png"})
                .status == 0);
    CHECK(samePixels(one["file"].get<std::string>(), folder / "alone.png"));
    CHECK(sizeOf(one["file"].get<std::string>()) == "120x88");
}

TEST_CASE("comparisons that make no sense are refused before any work") {
    const Folder folder;
    paint(folder / "in.png", 40, 30);
    const auto refused = [&](const std::string& grid) {
        const Result result =
            run({"compare", folder / "in.png", "-o", folder / "s.png", "--try", grid});
        CHECK_FALSE(fs::exists(folder / "s.png"));
        return result.status;
    };
    CHECK(refused("prescale") == 2);
    CHECK(refused(" ; ") == 2);
    CHECK(refused("prescale=huge") == 2);
    CHECK(refused("scale=2,3") == 2);
    CHECK(refused("nonsense=1") == 2);
    CHECK(refused("passes=1,2,3,4,5;prescale=10,20,30,40;consistency=0,0.2,0.4,1") == 2);
    CHECK(refused("model=no-such-model") == 3);
    CHECK(run({"compare", folder / "none.png"}).status == 1);
    writeBytes(folder / "in-compare.png", "mine");
    CHECK(run({"compare", folder / "in.png"}).status == 1);
    CHECK(bytesOf(folder / "in-compare.png") == "mine");
}

TEST_CASE("telling places are where pictures differ") {
    const VImage grey = (VImage::black(400, 300) + 100).cast(VIPS_FORMAT_UCHAR);
    const VImage spot = (VImage::black(40, 40) + 200).cast(VIPS_FORMAT_UCHAR);
    const VImage other = grey.insert(spot, 300, 200);
    const auto places = ops::tellingPlaces({grey.copy_memory(), other.copy_memory()}, 100, 80, 2);
    REQUIRE(places.size() == 2);
    CHECK(places[0].left <= 300);
    CHECK(places[0].right() >= 340);
    CHECK(places[0].top <= 200);
    CHECK(places[0].bottom() >= 240);
    const auto alike = ops::tellingPlaces({grey.copy_memory()}, 100, 80, 1);
    CHECK(alike[0].left == 152);  // the middle, to a cell of 8
    CHECK(alike[0].top == 112);
    const auto small = ops::tellingPlaces({VImage::black(5, 9)}, 100, 80, 3);
    REQUIRE(small.size() == 1);
    CHECK(small[0].width == 5);
    CHECK(small[0].height == 9);
}
