// Other people's weight files through the real command.
#include <catch2/catch.hpp>

#include "support.h"

using namespace acuity::test;

namespace {

std::string parity(const std::string& name) {
    return std::string(ACUITY_SOURCE) + "/tests/data/parity/" + name + ".safetensors";
}

Result enlarge(const Folder& folder, const std::vector<std::string>& options) {
    std::vector<std::string> words{folder / "in.png", "-o", folder / "out.png", "--overwrite"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
}

}  // namespace

TEST_CASE("a weight file is a model") {
    const Folder folder;
    paint(folder / "in.png", 90, 70);
    const Result result = enlarge(folder, {"-m", parity("compact-x4"), "-s", "4"});
    REQUIRE(result.status == 0);
    CHECK(sizeOf(folder / "out.png") == "360x280");
}

TEST_CASE("whatever its name, the content tells what it is") {
    const Folder folder;
    paint(folder / "in.png", 20, 20);
    for (const std::string name : {"model.pth", "model.onnx", "model.bin", "a b=[1].safetensors"}) {
        fs::copy_file(parity("compact-x2"), folder / name);
        CHECK(enlarge(folder, {"-m", folder / name, "-s", "2"}).status == 0);
        CHECK(sizeOf(folder / "out.png") == "40x40");
    }
}

TEST_CASE("a network's own factor is reached and reduced, or repeated") {
    const Folder folder;
    paint(folder / "in.png", 30, 20);
    for (const auto& [factor, size] :
         {std::pair{"1.5", "45x30"}, {"2", "60x40"}, {"3", "90x60"}, {"5", "150x100"}}) {
        CHECK(enlarge(folder, {"-m", parity("compact-x2"), "-s", factor}).status == 0);
        CHECK(sizeOf(folder / "out.png") == size);
    }
}

TEST_CASE("a network that keeps the size runs before what is resampled") {
    const Folder folder;
    paint(folder / "in.png", 30, 20);
    REQUIRE(enlarge(folder, {"-m", parity("compact-x1"), "-s", "1"}).status == 0);
    CHECK(sizeOf(folder / "out.png") == "30x20");
    CHECK_FALSE(samePixels(folder / "out.png", folder / "in.png"));
    const Result twice = enlarge(folder, {"-m", parity("compact-x1"), "-s", "2", "--explain"});
    REQUIRE(twice.status == 0);
    CHECK(sizeOf(folder / "out.png") == "60x40");
    CHECK(contains(twice.out, "at its size"));
    CHECK(contains(twice.out, "resampled to 60x40"));
}

TEST_CASE("a file that is no model is refused in one sentence that names it") {
    const Folder folder;
    paint(folder / "in.png", 10, 10);
    writeBytes(folder / "text.pth", "these are not weights");
    writeBytes(folder / "empty.safetensors", "");
    writeBytes(folder / "picture.pth", bytesOf(folder / "in.png"));
    const std::string whole = bytesOf(parity("compact-x2"));
    writeBytes(folder / "cut.safetensors", whole.substr(0, whole.size() / 2));
    for (const std::string name :
         {"text.pth", "empty.safetensors", "picture.pth", "cut.safetensors", "absent.pth"}) {
        const Result result = enlarge(folder, {"-m", folder / name});
        INFO(result.err);
        CHECK(result.status == 3);
        CHECK(contains(result.err, name));
        CHECK(lines(result.err).size() == 1);
        CHECK(result.seconds < 2);
    }
}

TEST_CASE("an option of a model must be NAME=VALUE") {
    const Folder folder;
    paint(folder / "in.png", 10, 10);
    CHECK(enlarge(folder, {"--model-option", "scale"}).status == 2);
    CHECK(enlarge(folder, {"--model-option", "=3"}).status == 2);
    const Result slip = enlarge(folder, {"-m", parity("compact-x2"), "--model-option", "sclae=2"});
    CHECK(slip.status == 2);
    CHECK(contains(slip.err, "sclae"));
    CHECK(enlarge(folder, {"-m", parity("compact-x2"), "--model-option", "scale=2"}).status == 0);
    CHECK(enlarge(folder, {"-m", parity("compact-x2"), "--model-option", "scale=3"}).status == 2);
}
