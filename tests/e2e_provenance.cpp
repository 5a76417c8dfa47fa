// What was done stands in the picture, and is read again.
#include <catch2/catch.hpp>

#include <random>

#include "codec/provenance.h"
#include "codec/xmp.h"
#include "support.h"

using namespace acuity::test;
using acuity::codec::Provenance;
using acuity::codec::provenanceOf;
using acuity::codec::withProvenance;

namespace {

std::string enlarged(const Folder& folder, const std::string& in, const std::string& out,
                     std::vector<std::string> options = {}, const Io& io = {}) {
    std::vector<std::string> words{folder / in, "-o", folder / out, "-m", "lanczos", "-s", "2"};
    words.insert(words.end(), options.begin(), options.end());
    const Result result = run(words, io);
    REQUIRE(result.status == 0);
    return result.err;
}

}  // namespace

TEST_CASE("every format carries what was done, and an enlarged picture is recognised") {
    const Folder folder;
    paint(folder / "in.png", 40, 30);
    for (const std::string ending : {"png", "jpg", "tif", "webp", "avif", "jxl", "gif"}) {
        INFO(ending);
        const std::string out = "out." + ending;
        CHECK_FALSE(contains(enlarged(folder, "in.png", out), "already enlarged"));
        const std::string said = enlarged(folder, out, "again-" + ending + ".png");
        CHECK(contains(said, "already enlarged 2 times by acuity"));
        CHECK(contains(said, "40x30 to 80x60"));
        CHECK(contains(enlarged(folder, "again-" + ending + ".png", "third-" + ending + ".png"),
                       "already enlarged 4 times by acuity"));
    }
}

TEST_CASE("the same date gives the same bytes") {
    const Folder folder;
    paint(folder / "in.png", 40, 30);
    Io fixed;
    fixed.env["SOURCE_DATE_EPOCH"] = "1000000000";
    for (const std::string ending : {"png", "jpg", "tif", "webp"}) {
        enlarged(folder, "in.png", "a." + ending, {}, fixed);
        enlarged(folder, "in.png", "b." + ending, {}, fixed);
        CHECK(bytesOf(folder / ("a." + ending)) == bytesOf(folder / ("b." + ending)));
        if (ending != "png")  // which holds it compressed
            CHECK(contains(bytesOf(folder / ("a." + ending)), "2001-09-09T01:46:40Z"));
    }
}

TEST_CASE("nothing is left in the picture when no metadata is wanted") {
    const Folder folder;
    paint(folder / "in.png", 40, 30);
    enlarged(folder, "in.png", "marked.png");
    enlarged(folder, "marked.png", "bare.jpg", {"--keep-metadata", "none"});
    enlarged(folder, "marked.png", "kept.jpg");
    CHECK(contains(bytesOf(folder / "kept.jpg"), "acuity"));
    CHECK_FALSE(contains(bytesOf(folder / "bare.jpg"), "acuity"));
    CHECK(contains(enlarged(folder, "marked.png", "x.png", {"--keep-metadata", "none"}),
                   "already enlarged 2 times"));
}

TEST_CASE("a history round-trips, and what others wrote stays") {
    const std::string others = acuity::codec::withDescription(
        "", "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"", "<dc:format>x</dc:format>");
    const Provenance first{4, {"one <&> \"two\""}};
    std::string xmp = withProvenance(others, first, "acuity 9");
    CHECK(contains(xmp, "<dc:format>x</dc:format>"));
    CHECK(contains(xmp, "algorithmicallyEnhanced"));
    REQUIRE(provenanceOf(xmp));
    CHECK(provenanceOf(xmp)->factor == 4);
    CHECK(provenanceOf(xmp)->steps == first.steps);
    const Provenance second{8, {"one <&> \"two\"", "three"}};
    const std::size_t before = xmp.size();
    xmp = withProvenance(xmp, second, "acuity 9");
    CHECK(provenanceOf(xmp)->factor == 8);
    CHECK(provenanceOf(xmp)->steps == second.steps);
    CHECK(xmp.size() < before + 60);  // the old mark is gone
    CHECK_FALSE(provenanceOf(others));
}

TEST_CASE("a picture that a machine made up stays one") {
    const std::string made = acuity::codec::withDescription(
        "", "xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"",
        "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
        "trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>");
    const std::string xmp = withProvenance(made, {2, {"x"}}, "acuity 9");
    CHECK(contains(xmp, "trainedAlgorithmicMedia"));
    CHECK_FALSE(contains(xmp, "algorithmicallyEnhanced"));
}

TEST_CASE("damaged packets are read without harm") {
    const std::string whole = withProvenance("", {4, {"a", "b"}}, "acuity 9");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto found = provenanceOf(whole.substr(0, length));
        CHECK((!found || found->factor > 0));
    }
    std::mt19937 random(3);
    for (int i = 0; i < 2000; ++i) {
        std::string damaged = whole;
        for (int k = 0; k < 5; ++k) damaged[random() % damaged.size()] = char(random());
        const auto found = provenanceOf(damaged);
        CHECK((!found || found->steps.size() < 100));
        withProvenance(damaged, {2, {"c"}}, "acuity 9");
    }
}
