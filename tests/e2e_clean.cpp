// Cleaning through the command: dials, measures, what they leave alone.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "ops/tile_grid.h"
#include "support.h"

using namespace acuity;
using namespace acuity::test;
using nlohmann::json;
using vips::VImage;

namespace {

/// Soft shapes with clear edges, and noise of so many levels in every colour.
VImage shapes(double noise) {
    const VImage xy = VImage::xyz(200, 160), x = xy[0], y = xy[1];
    const VImage bars = (x / 23).floor() % 2 * 90 + (y / 31).floor() % 2 * 60 + 40;
    VImage picture =
        bars.bandjoin(bars * 0.8 + 20).bandjoin(240 - bars * 0.7).cast(VIPS_FORMAT_FLOAT);
    if (noise > 0) {
        std::mt19937 random{3};
        std::normal_distribution<float> normal(0, float(noise));
        std::vector<float> samples(200 * 160 * 3);
        for (float& sample : samples) sample = normal(random);
        picture =
            picture + VImage(vips_image_new_from_memory_copy(samples.data(), samples.size() * 4,
                                                             200, 160, 3, VIPS_FORMAT_FLOAT));
    }
    return picture.rint().cast(VIPS_FORMAT_UCHAR).copy_memory();
}

double distance(const VImage& a, const VImage& b) {
    const VImage d = a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE);
    return std::sqrt((d * d).avg());
}

class Cleaned {
  public:
    explicit Cleaned(double noise) { shapes(noise).pngsave((folder_ / "in.png").c_str()); }
    VImage with(std::vector<std::string> more, json* told = nullptr) {
        std::vector<std::string> words = {folder_ / "in.png", "-o", folder_ / "out.png",
                                          "--overwrite", "--json"};
        words.insert(words.end(), more.begin(), more.end());
        const Result result = run(words);
        REQUIRE(result.status == 0);
        if (told) *told = json::parse(result.out);
        return look(folder_ / "out.png").copy_memory();
    }

  private:
    Folder folder_;
};

}  // namespace

TEST_CASE("noise that is measured is taken away by itself, and --noise 0 leaves it") {
    Cleaned picture(15);
    const VImage truth = shapes(0);
    json told;
    const VImage clean = picture.with({"-m", "clean", "-s", "1"}, &told);
    CHECK(told["cleaner"] == "clean");
    CHECK(double(told["cleaning"]["noise"]) == Approx(0.4).margin(0.12));
    CHECK(distance(clean, truth) < 0.5 * distance(shapes(15), truth));
    const VImage left = picture.with(
        {"-m", "clean", "-s", "1", "--noise", "0", "--blur", "0", "--compression", "0"}, &told);
    CHECK(told["cleaner"].is_null());
    CHECK(distance(left, shapes(15)) == 0);
}

TEST_CASE("what was cleaned says so, and is not cleaned again") {
    Folder folder;
    shapes(15).pngsave((folder / "in.png").c_str());
    REQUIRE(run({folder / "in.png", "-m", "clean", "-s", "1", "--noise", "20", "-o",
                 folder / "once.png"})
                .status == 0);
    const Result again =
        run({folder / "once.png", "-m", "clean", "-s", "1", "-o", folder / "twice.png", "--json"});
    REQUIRE(again.status == 0);
    CHECK(contains(again.out + again.err, "already worked on by acuity"));
    CHECK(json::parse(again.out)["cleaner"].is_null());
}

TEST_CASE("noise that was taken away is not shown as made up") {
    Cleaned picture(15);
    Folder folder;
    json told;
    picture.with({"-s", "2", "--noise", "50", "--consistency", "1", "--reduced-by", "bicubic",
                  "--trust-map", folder / "map.png"},
                 &told);
    CHECK(double(told["trust"]["meanLevels"]) < 1);
}

TEST_CASE("without the network that cleans, whoever asks for it is told") {
    Folder folder;
    shapes(0).pngsave((folder / "in.png").c_str());
    Io io;
    io.env = {{"ACUITY_MODELS", folder / "none"}};
    const Result result = run({folder / "in.png", "-m", "clean", "-o", folder / "out.png"}, io);
    CHECK(result.status != 0);
    CHECK(contains(result.err, "cleans is not there"));
}

TEST_CASE("a stronger dial takes more away") {
    Cleaned picture(15);
    const VImage truth = shapes(0);
    double before = distance(shapes(15), truth);
    for (const char* strength : {"10", "25", "50"}) {
        const double now = distance(picture.with({"-s", "1", "-m", "clean", "--noise", strength,
                                                  "--blur", "0", "--compression", "0"}),
                                    truth);
        CHECK(now < before);
        before = now;
    }
}

TEST_CASE("every picture of a batch is cleaned as it needs") {
    Folder folder;
    for (int i = 0; i < 6; i++)
        shapes(6 + 3 * i).pngsave((folder / ("in" + std::to_string(i) + ".png")).c_str());
    const Result result = run({folder.path().string(), "-s", "2", "-o", folder / "out", "--json"});
    REQUIRE(result.status == 0);
    std::set<double> strengths;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);)
        if (const json told = json::parse(line); told.contains("cleaning"))
            strengths.insert(double(told["cleaning"]["noise"]));
    CHECK(strengths.size() >= 5);
}

TEST_CASE("a clean picture is enlarged as if there were no cleaning") {
    Cleaned picture(0);
    const VImage by = picture.with({"-s", "2"});
    const VImage off =
        picture.with({"-s", "2", "--noise", "0", "--blur", "0", "--compression", "0"});
    CHECK(distance(by, off) == 0);
}

TEST_CASE("what is cleaned is computed once, and the result bound to it in the same tiles") {
    Cleaned picture(10);
    json told;
    const VImage result = picture.with({"-s", "2", "--noise", "35", "--tile", "48", "--consistency",
                                        "1", "--reduced-by", "bicubic"},
                                       &told);
    CHECK(result.width() == 400);
    const ops::TileGrid clean(200, 160, 48, 20, 2), large(200, 160, 48, 18, 1);
    CHECK(int(told["network"]["tiles"]) == clean.count() + large.count());
    const VImage whole = picture.with({"-s", "2", "--noise", "35", "--tile", "400", "--consistency",
                                       "1", "--reduced-by", "bicubic"});
    CHECK((result - whole).abs().max() <= 2);  // of two networks, one level each
}
