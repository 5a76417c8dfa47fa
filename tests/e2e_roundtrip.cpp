// `acuity roundtrip`, as a person runs it.
#include <catch2/catch.hpp>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/process.h"
#include "support.h"

using namespace acuity;
using namespace acuity::test;
using nlohmann::json;

namespace {

const std::string kHouses = std::string(ACUITY_SOURCE) + "/examples/houses.png";

/// The objects it prints: one for each picture and model.
std::vector<json> travelled(std::vector<std::string> words, const std::string& out) {
    words.insert(words.begin(), "roundtrip");
    words.insert(words.end(), {"--json", "-o", out});
    const Result result = run(words, {.timeout = 120});
    INFO(result.err);
    REQUIRE(result.status == 0);
    std::vector<json> found;
    for (const std::string& line : lines(result.out)) found.push_back(json::parse(line));
    return found;
}

double after(const json& voyage, int round) {
    return voyage["rounds"][std::size_t(round - 1)]["psnrY"];
}

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> found;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) found.push_back(cell);
    return found;
}

}  // namespace

TEST_CASE("a round trip leaves a table, a chart, frames, a sheet and a video") {
    const Folder folder;
    const auto found = travelled(
        {kHouses, "-m", "faithful", "-m", "bicubic", "--times", "3", "--kernel", "lanczos"},
        folder / "out");
    REQUIRE(found.size() == 2);
    CHECK(found[0]["model"] == "faithful");
    CHECK(found[1]["model"] == "bicubic");
    CHECK(found[0]["rounds"].size() == 3);
    std::set<std::string> expected = {"plot.png",
                                      "plot.svg",
                                      "rounds.csv",
                                      "sheet.png",
                                      "frames/faithful-0001.png",
                                      "frames/faithful-0002.png",
                                      "frames/faithful-0003.png",
                                      "frames/bicubic-0001.png",
                                      "frames/bicubic-0002.png",
                                      "frames/bicubic-0003.png"};
    if (hasProgram("ffmpeg")) expected.insert("rounds.mp4");
    CHECK(files(folder / "out") == expected);
    CHECK(sizeOf(folder / "out/frames/faithful-0003.png") == sizeOf(kHouses));
    CHECK(look(folder / "out/plot.png").height() == 500);
    CHECK(look(folder / "out/plot.png").width() > 800);
    CHECK(look(folder / "out/sheet.png").width() > 4 * look(kHouses).width());

    const auto table = lines(bytesOf(folder / "out/rounds.csv"));
    REQUIRE(table.size() == 1 + 2 * 3);
    const auto row = cells(table[3]);
    CHECK(row[1] == "faithful");
    CHECK(row[2] == "3");
    CHECK(row[3] == "lanczos");
    CHECK(std::stod(row[4]) == Approx(after(found[0], 3)).margin(0.001));
    // What the table says is what acuity score says.
    const Result scored =
        run({"score", folder / "out/frames/faithful-0003.png", kHouses, "--json"});
    CHECK(json::parse(scored.out)["psnrY"].get<double>() ==
          Approx(after(found[0], 3)).margin(0.001));
}

TEST_CASE("what is bound to its reduction stays as it is, round after round") {
    const Folder folder;
    for (const std::string kernel : {"bicubic", "box"}) {
        INFO(kernel);
        const auto found = travelled(
            {kHouses, "-m", "auto", "-m", "lanczos", "--times", "6", "--kernel", kernel, "--known"},
            folder / kernel);
        CHECK(after(found[0], 6) > after(found[0], 1) - 0.05);
        CHECK(after(found[1], 6) < after(found[1], 1) - 0.5);
        CHECK(after(found[0], 1) > after(found[1], 1));
    }
}

TEST_CASE("what has come to rest stays as it is") {
    const Folder folder;
    paint(folder / "in.png", 96, 64, 5);
    const auto found = travelled({folder / "in.png", "-m", "faithful", "--times", "100", "--known"},
                                 folder / "out");
    CHECK(after(found[0], 100) == after(found[0], 50));
    const Result scored =
        run({"score", folder / "out/frames/faithful-0100.png", folder / "in.png", "--json"});
    CHECK(json::parse(scored.out)["psnrY"].get<double>() ==
          Approx(after(found[0], 100)).margin(0.001));
}

TEST_CASE("kernels by lot are the same ones for the same seed") {
    const Folder folder;
    const auto kernels = [&](const std::string& seed) {
        std::string all;
        const auto found = travelled({kHouses, "-m", "bilinear", "--times", "6", "--kernel", "mix",
                                      "--seed", seed, "--factor", "2.5", "--overwrite"},
                                     folder / seed);
        for (const auto& round : found[0]["rounds"])
            all += round["kernel"].get<std::string>() + " ";
        return all;
    };
    const std::string one = kernels("1");
    CHECK(kernels("1") == one);
    CHECK(kernels("2") != one);
}

TEST_CASE("several pictures get a folder each, and their mean") {
    const Folder folder;
    fs::create_directories(folder / "in");
    paint(folder / "in/a.png", 96, 64, 1);
    paint(folder / "in/b.jpg", 64, 96, 2);
    const auto found =
        travelled({folder / "in", "-m", "lanczos", "--times", "2", "--jpeg", "10", "--factor", "2"},
                  folder / "out");
    REQUIRE(found.size() == 2);
    CHECK(fs::exists(folder / "out/a/sheet.png"));
    CHECK(fs::exists(folder / "out/b/frames/lanczos-0002.png"));
    const auto table = lines(bytesOf(folder / "out/rounds.csv"));
    REQUIRE(table.size() == 1 + 2 * 2 + 2);
    const auto mean = cells(table.back());
    CHECK(mean[0] == "mean");
    CHECK(std::stod(mean[4]) ==
          Approx((after(found[0], 2) + after(found[1], 2)) / 2).margin(0.001));
    // JPEG costs something.
    const auto kept = travelled(
        {folder / "in/a.png", "-m", "lanczos", "--times", "2", "--factor", "2"}, folder / "kept");
    CHECK(after(kept[0], 2) > after(found[0], 2));
}

TEST_CASE("round trips that cannot be are refused") {
    const Folder folder;
    paint(folder / "small.png", 24, 24);
    const auto refused = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "roundtrip");
        words.insert(words.end(), {"-o", folder / "out"});
        return run(words);
    };
    CHECK(refused({folder / "small.png"}).status == 2);
    CHECK(contains(refused({folder / "small.png"}).err, "too small"));
    CHECK(refused({kHouses, "--kernel", "nearest"}).status == 2);
    CHECK(refused({kHouses, "--times", "0"}).status == 2);
    CHECK(refused({kHouses, "-m", "no-such-model"}).status == 3);
    CHECK(refused({folder / "none.png"}).status == 1);
    CHECK(run({"roundtrip", kHouses}).status == 2);
}

TEST_CASE("other programs are run without a shell and waited for") {
    CHECK(hasProgram("sh"));
    CHECK_FALSE(hasProgram("no-such-program-anywhere"));
    CHECK(outputOf({"echo", "$HOME; ls"}) == "$HOME; ls\n");
    CHECK_FALSE(outputOf({"false"}));
    CHECK_FALSE(outputOf({"no-such-program-anywhere"}));
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    Feed good({"sh", "-c", "test $(wc -c) = 300000"});
    CHECK(good.write(std::string(300'000, 'x').data(), 300'000));
    CHECK(good.finish());
    Feed bad({"false"});
    while (bad.write("x", 1)) {
    }
    CHECK_FALSE(bad.finish());
    CHECK_THROWS_AS(Feed({"no-such-program-anywhere"}), Error);
}
