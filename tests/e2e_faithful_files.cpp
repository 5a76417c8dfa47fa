// What a file holds comes out as it is: pages, profiles, light beyond white and below black, and a
// history that never takes anything away. As a person runs the program.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "support.h"

using namespace acuity::test;
using nlohmann::json;
using vips::VImage;

namespace {

json done(std::vector<std::string> words) {
    words.push_back("--json");
    const Result result = run(words);
    INFO(result.err);
    REQUIRE(result.status == 0);
    return json::parse(result.out);
}

/// What --explain says, without doing it.
std::string plan(std::vector<std::string> words) {
    words.insert(words.end(), {"--dry-run", "--explain"});
    const Result result = run(words);
    REQUIRE(result.status == 0);
    return result.out;
}

/// An ICC profile (version 2) of greys with a gamma of 1.8.
std::string profileOfGreys() {
    const auto number = [](unsigned value) {
        return std::string{char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
    };
    const auto zeros = [](std::size_t count) { return std::string(count, '\0'); };
    const std::string white = number(0xf6d6) + number(0x10000) + number(0xd32d);
    const std::string values[] = {"XYZ " + number(0) + white,
                                  "curv" + number(0) + number(1) + "\x01\xcc" + zeros(2),
                                  "text" + number(0) + "none" + zeros(4),
                                  "desc" + number(0) + number(5) + "grey" + zeros(83)};
    const char* names[] = {"wtpt", "kTRC", "cprt", "desc"};
    std::string table = number(4), data;
    for (int i = 0; i < 4; i++) {
        table += names[i] + number(unsigned(128 + 4 + 4 * 12 + data.size())) +
                 number(unsigned(values[i].size()));
        data += values[i];
    }
    const std::string head = number(0) + number(0x02400000) + "mntrGRAYXYZ " + zeros(12) + "acsp" +
                             zeros(28) + white + zeros(48);
    return number(unsigned(4 + head.size() + table.size() + data.size())) + head + table + data;
}

/// Two pages of one size, of which only the first has a profile and a text.
void writeTwoPages(const std::string& path, const Folder& folder) {
    paint(folder / "page.png", 40, 60);
    VImage pages = look(folder / "page.png").copy();
    pages.set("page-height", 30);
    pages.tiffsave(path.c_str());
}

}  // namespace

TEST_CASE("pages of a TIFF keep what the first one says") {
    if (std::system("exiftool -ver >/dev/null 2>&1") != 0) {
        WARN("skipped: exiftool is not installed");
        return;
    }
    const Folder folder;
    writeTwoPages(folder / "two.tif", folder);
    const std::string mark =
        "exiftool -q -overwrite_original -XMP:Title=Both -IPTC:Keywords=kept " + folder / "two.tif";
    REQUIRE(std::system(mark.c_str()) == 0);
    done({folder / "two.tif", "-m", "nearest", "-s", "2", "-o", folder / "out.tif"});
    const VImage out = look(folder / "out.tif");
    const std::string read = "exiftool -s -Title -Keywords " + folder / "out.tif > " + folder / "x";
    REQUIRE(std::system(read.c_str()) == 0);
    const std::string said = bytesOf(folder / "x");
    CHECK(contains(said, "Both"));
    CHECK(contains(said, "kept"));
    CHECK(done({folder / "out.tif", "-m", "nearest", "-s", "2", "-o",
                folder / "again.tif"})["alreadyEnlarged"] == 2);
}

TEST_CASE("light below black stays there, and puts no halo around itself") {
    const Folder folder;
    // Linear grey with a square of a red that sRGB does not hold.
    VImage flat = VImage::black(64, 64, VImage::option()->set("bands", 3)) + 0.18;
    const VImage red = (VImage::black(16, 16, VImage::option()->set("bands", 3)) +
                        std::vector<double>{0.8, -0.05, 0.02});
    flat = flat.insert(red, 24, 24)
               .cast(VIPS_FORMAT_FLOAT)
               .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_scRGB));
    flat.tiffsave((folder / "in.tif").c_str());
    for (const char* model : {"faithful", "lanczos"}) {
        INFO(model);
        done({folder / "in.tif", "-m", model, "-s", "2", "-o", folder / "out.tif", "--overwrite"});
        const VImage out = look(folder / "out.tif");
        CHECK(out.crop(56, 56, 16, 16).extract_band(1).avg() == Approx(-0.05).margin(0.005));
        // Four pixels of the input away from the square, green is grey again.
        CHECK(out.crop(0, 0, 128, 40).extract_band(1).max() == Approx(0.18).margin(0.02));
        CHECK(out.crop(0, 0, 128, 40).extract_band(1).min() == Approx(0.18).margin(0.02));
    }
}

TEST_CASE("the way back to a true size loses nothing that was stretched one way") {
    const Folder folder;
    paint(folder / "in.png", 64, 96);
    done({folder / "in.png", "--size", "192x144", "--fit", "exact", "-o", folder / "wide.png"});
    const std::string said = plan({folder / "wide.png", "-s", "2", "-o", folder / "x.png"});
    INFO(said);
    CHECK(contains(said, "first reduced to 128x96"));  // 96 rows, as many as there were
}

TEST_CASE("what Acuity only made smaller counts as any other picture") {
    const Folder folder;
    paint(folder / "in.png", 200, 160);
    const json first = done({folder / "in.png", "--size", "100x80", "-o", folder / "small.png"});
    const json second = done({folder / "small.png", "-s", "4", "-o", folder / "large.png"});
    CHECK_FALSE(second.contains("alreadyEnlarged"));
    const json third = done({folder / "large.png", "-s", "2", "-o", folder / "again.png"});
    CHECK(third["alreadyEnlarged"] == 4);
    CHECK(third["startWidth"] == 100);
    CHECK(third["startHeight"] == 80);
}

TEST_CASE("a picture kept at its size is enlarged by the network after --prescale") {
    const Folder folder;
    paint(folder / "in.png", 96, 64);
    const std::string said =
        plan({folder / "in.png", "-s", "1", "--prescale", "50%", "-o", folder / "x.png"});
    INFO(said);
    CHECK(contains(said, "first reduced to 48x32"));
    CHECK(contains(said, "faithful-x2"));
}

TEST_CASE("the trust map of a picture that is cropped knows what was added") {
    const Folder folder;
    paint(folder / "in.png", 90, 60);
    const auto mean = [&](const std::string& size) {
        return done({folder / "in.png", "-m", "nearest", "--size", size, "--fit", "cover",
                     "--trust-map", folder / "map.png", "-o", folder / "out.png",
                     "--overwrite"})["trust"]["meanLevels"]
            .get<double>();
    };
    const double whole = mean("270x180"), cropped = mean("180x180");
    CHECK(whole > 0.5);
    CHECK(cropped == Approx(whole).epsilon(0.35));
    CHECK(sizeOf(folder / "map.png") == "180x180");
}

TEST_CASE("greys with a profile of their own keep their tones in formats of colour only") {
    if (std::system("exiftool -ver >/dev/null 2>&1") != 0) {
        WARN("skipped: exiftool is not installed");
        return;
    }
    const Folder folder;
    VImage grey = VImage::grey(64, 8, VImage::option()->set("uchar", true))
                      .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
    const std::string profile = profileOfGreys();
    grey.set(VIPS_META_ICC_NAME, nullptr, const_cast<char*>(profile.data()), profile.size());
    grey.pngsave((folder / "in.png").c_str());
    for (const std::string ending : {"webp", "avif"}) {
        INFO(ending);
        const std::string out = folder / ("out." + ending);
        done({folder / "in.png", "-m", "nearest", "-s", "2", "-o", out});
        const std::string read = "exiftool -s -ColorSpaceData " + out + " > " + folder / "x";
        REQUIRE(std::system(read.c_str()) == 0);
        CHECK_FALSE(contains(bytesOf(folder / "x"), "GRAY"));
        // With a gamma of 1.8 a grey is lighter than sRGB takes its number for.
        CHECK(look(out).extract_band(0).avg() > grey.avg() + 5);
    }
}
