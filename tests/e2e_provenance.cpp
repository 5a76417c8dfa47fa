// What was done stands in the picture, and is read again.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <vips/vips8>

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
        CHECK(contains(said, "already enlarged by a factor of 2 by acuity"));
        CHECK(contains(said, "40x30 to 80x60"));
        CHECK(contains(enlarged(folder, "again-" + ending + ".png", "third-" + ending + ".png"),
                       "already enlarged by a factor of 4 by acuity"));
    }
}

TEST_CASE("other programs read the mark in six formats") {
    if (std::system("exiftool -ver >/dev/null 2>&1") != 0) {
        WARN("skipped: exiftool is not installed");
        return;
    }
    const Folder folder;
    paint(folder / "in.png", 40, 30);
    for (const std::string ending : {"png", "jpg", "tif", "webp", "avif", "jxl"}) {
        INFO(ending);
        const std::string out = "out." + ending;
        enlarged(folder, "in.png", out);
        const std::string command =
            "exiftool -s -XMP:all " + folder / out + " > " + folder / "said";
        REQUIRE(std::system(command.c_str()) == 0);
        const std::string said = bytesOf(folder / "said");
        INFO(said);
        CHECK(contains(said, "algorithmicallyEnhanced"));
        CHECK(contains(said, "acuity " ACUITY_VERSION));
        CHECK(contains(said, "40x30 to 80x60"));
    }
}

TEST_CASE("an enlarged picture goes back to its true size before it is enlarged again") {
    const Folder folder;
    paint(folder / "in.png", 64, 48);
    const auto networked = [&](const std::string& in, const std::string& out,
                               std::vector<std::string> options) {
        std::vector<std::string> words{folder / in, "-o", folder / out, "--json"};
        words.insert(words.end(), options.begin(), options.end());
        const Result result = run(words);
        INFO(result.err);
        REQUIRE(result.status == 0);
        return nlohmann::json::parse(result.out);
    };
    networked("in.png", "once.png", {"--consistency", "1", "--reduced-by", "lanczos"});
    const auto twice = networked("once.png", "twice.png", {"-s", "2"});
    CHECK(twice["startWidth"] == 64);
    CHECK(twice["startHeight"] == 48);
    CHECK(twice["outputWidth"] == 512);
    CHECK(twice["reducedBy"] == "lanczos");
    // What the bound result was made from comes back, but for rounding.
    using vips::VImage;
    const auto small = networked("once.png", "back.png", {"-s", "1", "--prescale", "25%"});
    CHECK(small["startWidth"] == 64);
    // Another factor for one that somebody has halved meanwhile.
    VImage::new_from_file((folder / "once.png").c_str())
        .resize(0.5)
        .write_to_file((folder / "halved.png").c_str());
    CHECK(networked("halved.png", "h.png", {"-s", "2"})["startWidth"] == 64);
    CHECK(networked("once.png", "off.png",
                    {"-s", "2", "--prescale", "off", "--consistency", "0"})["startWidth"] == 256);
    // Nothing has to be taken back for interpolation, and a part cut out tells no size.
    CHECK(networked("once.png", "i.png", {"-s", "2", "-m", "lanczos"})["startWidth"] == 256);
    VImage::new_from_file((folder / "once.png").c_str())
        .crop(0, 0, 200, 60)
        .write_to_file((folder / "part.png").c_str());
    CHECK(networked("part.png", "p.png", {"-s", "2", "--consistency", "0"})["startWidth"] == 200);
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
                   "already enlarged by a factor of 2"));
}

TEST_CASE("a history round-trips, and what others wrote stays") {
    const std::string others = acuity::codec::withDescription(
        "", "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"", "<dc:format>x</dc:format>");
    const Provenance first{4, 80, 60, "lanczos", {"one <&> \"two\""}};
    std::string xmp = withProvenance(others, first, "acuity 9");
    CHECK(contains(xmp, "<dc:format>x</dc:format>"));
    CHECK(contains(xmp, "algorithmicallyEnhanced"));
    REQUIRE(provenanceOf(xmp));
    CHECK(provenanceOf(xmp)->factor == 4);
    CHECK(provenanceOf(xmp)->steps == first.steps);
    CHECK(provenanceOf(xmp)->width == 80);
    CHECK(provenanceOf(xmp)->height == 60);
    CHECK(provenanceOf(xmp)->reduction == "lanczos");
    const Provenance second{8, 160, 120, "", {"one <&> \"two\"", "three"}};
    const std::size_t before = xmp.size();
    xmp = withProvenance(xmp, second, "acuity 9");
    CHECK(provenanceOf(xmp)->factor == 8);
    CHECK(provenanceOf(xmp)->steps == second.steps);
    CHECK(provenanceOf(xmp)->reduction.empty());
    CHECK(xmp.size() < before + 60);  // the old mark is gone
    CHECK_FALSE(provenanceOf(others));
}

TEST_CASE("a picture that a machine made up stays one") {
    const std::string made = acuity::codec::withDescription(
        "", "xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"",
        "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
        "trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>");
    const std::string xmp = withProvenance(made, {2, 8, 8, "", {"x"}}, "acuity 9");
    CHECK(contains(xmp, "trainedAlgorithmicMedia"));
    CHECK_FALSE(contains(xmp, "algorithmicallyEnhanced"));
}

TEST_CASE("damaged packets are read without harm") {
    const std::string whole = withProvenance("", {4, 8, 8, "box", {"a", "b"}}, "acuity 9");
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
        withProvenance(damaged, {2, 8, 8, "", {"c"}}, "acuity 9");
    }
}
