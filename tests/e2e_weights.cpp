// Other people's weight files through the real command.
#include <catch2/catch.hpp>

#include <cstring>
#include <nlohmann/json.hpp>

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

/// A safetensors file in two parts: what its header says, and the numbers.
struct Parts {
    nlohmann::json header;
    std::string numbers;

    explicit Parts(const std::string& bytes) {
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        header = nlohmann::json::parse(bytes.substr(8, length));
        numbers = bytes.substr(8 + length);
    }
    std::string joined() const {
        const std::string text = header.dump();
        const std::uint64_t length = text.size();
        return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + numbers;
    }
};

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

TEST_CASE("what programs that train put around the names of weights is taken away") {
    const Folder folder;
    paint(folder / "in.png", 20, 20);
    REQUIRE(enlarge(folder, {"-m", parity("compact-x2"), "-s", "2"}).status == 0);
    fs::copy_file(folder / "out.png", folder / "plain.png");
    for (const std::string prefix :
         {"_orig_mod.", "net_g.", "module.", "module.netG.", "generator._orig_mod."}) {
        INFO(prefix);
        Parts parts(bytesOf(parity("compact-x2")));
        nlohmann::json wrapped;
        for (const auto& [name, entry] : parts.header.items())
            wrapped[name == "__metadata__" ? name : prefix + name] = entry;
        parts.header = wrapped;
        writeBytes(folder / "model.safetensors", parts.joined());
        REQUIRE(enlarge(folder, {"-m", folder / "model.safetensors", "-s", "2"}).status == 0);
        CHECK(samePixels(folder / "out.png", folder / "plain.png"));
    }
}

TEST_CASE("a JSON file beside weights need not be a card") {
    const Folder folder;
    paint(folder / "in.png", 20, 20);
    fs::copy_file(parity("compact-x2"), folder / "model.pth");
    for (const char* text : {R"({"name": "4x anime", "scale": 4})", "[1]", "{", R"({"halo": 1})"}) {
        writeBytes(folder / "model.json", text);
        CHECK(enlarge(folder, {"-m", folder / "model.pth", "-s", "2"}).status == 0);
    }
}

TEST_CASE("what was measured of an ONNX file is remembered, apart from what was said of it") {
    const Folder folder;
    paint(folder / "in.png", 40, 30);
    const std::string file = std::string(ACUITY_SOURCE) + "/tests/data/onnx/to-255.onnx";
    const auto result = [&](const std::string& cache, std::vector<std::string> more) {
        const std::string out = folder / (cache + std::to_string(more.size()) + ".png");
        std::vector<std::string> words{folder / "in.png", "-m", file, "-o", out, "--overwrite"};
        words.insert(words.end(), more.begin(), more.end());
        REQUIRE(run(words, {.env = {{"ACUITY_CACHE", folder / cache}}}).status == 0);
        return out;
    };
    const std::vector<std::string> said{"--model-option", "range=1"};
    const std::string found = result("a", {}), stated = result("b", said);
    CHECK_FALSE(samePixels(found, stated));
    CHECK(fs::exists(folder / "a/onnx-1.json"));
    CHECK(samePixels(result("a", said), stated));
    CHECK(samePixels(result("b", {}), found));
    CHECK(samePixels(result("a", {}), found));  // now from memory
}

TEST_CASE("weights that are no numbers are told, and not shown as black") {
    const Folder folder;
    paint(folder / "in.png", 20, 20);
    Parts parts(bytesOf(parity("compact-x2")));
    parts.numbers.replace(0, 4, "\xff\xff\xff\x7f");  // a bias of the first layer
    writeBytes(folder / "model.safetensors", parts.joined());
    const Result result = enlarge(folder, {"-m", folder / "model.safetensors", "-s", "2"});
    CHECK(result.status == 3);
    CHECK(contains(result.err, "is no numbers"));
    CHECK_FALSE(fs::exists(folder / "out.png"));
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
