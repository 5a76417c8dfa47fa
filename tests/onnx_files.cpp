// Other people's ONNX files: brought into our form they give what onnxruntime gives of the original
// (tests/parity/onnx_files.py); what is no upscaler, or wants to harm, is refused.
#include <catch2/catch.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <random>

#include "architectures/onnx_file.h"
#include "base/files.h"
#include "codec/load.h"
#include "engine/engine.h"
#include "model/onnx_facts.h"
#include "ops/metrics.h"
#include "ops/resample.h"
#include "support.h"
#include "weights/protobuf.h"
#include "weights/read.h"

using namespace acuity;
using architectures::Network;
using architectures::Options;
using test::Folder;
using weights::Fields;
using weights::Message;
namespace fs = std::filesystem;

namespace {

const std::string kFolder = std::string(ACUITY_SOURCE) + "/tests/data/onnx";

engine::Engine& processor() {
    static const auto engine = engine::openEngine("cpu");
    return *engine;
}

std::string bytesOf(const std::string& name) {
    return readFile(kFolder + "/" + name + ".onnx");
}

/// The message of the Error that `act` throws, or "".
std::string refusal(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

std::string refusedWith(const std::string& bytes, const Options& options = {},
                        const std::string& folder = kFolder) {
    return refusal([&] { architectures::normalise(bytes, folder, options, "file.onnx"); });
}

std::vector<float> run(const Network& network, const std::vector<float>& input, int height,
                       int width) {
    const auto compiled =
        processor().compile(network.onnx, height, width, {engine::Precision::f32, 2, 1});
    REQUIRE(compiled->output().channels == 3);
    REQUIRE(compiled->output().height == height * network.scale);
    REQUIRE(compiled->output().width == width * network.scale);
    const auto request = compiled->request();
    std::copy(input.begin(), input.end(), request->input());
    request->run();
    return {request->output(),
            request->output() + input.size() * std::size_t(network.scale) * network.scale};
}

/// A model of one graph; `nodes` are fields of GraphProto.
std::string graphFile(const std::string& nodes, const std::string& more = "") {
    Message side, three, shape, tensor, type, info;
    three.integer(1, 3);
    shape.message(1, side).message(1, three).message(1, side).message(1, side);
    tensor.integer(1, 1).message(2, shape);
    type.message(1, tensor);
    info.bytes(1, "in").message(2, type);
    Message output;
    output.bytes(1, "out").message(2, type);
    const std::string graph = nodes + Message().message(11, info).message(12, output).str();
    Message opset;
    opset.bytes(1, "").integer(2, 13);
    return Message().integer(1, 8).message(8, opset).bytes(7, graph).str() + more;
}

std::string node(const std::string& op, const std::vector<std::string>& inputs,
                 const std::string& output) {
    Message message;
    for (const auto& input : inputs) message.bytes(1, input);
    message.bytes(2, output).bytes(4, op);
    return Message().message(1, message).str();
}

/// A constant "w" of float [1] whose bytes lie elsewhere.
std::string outside(const std::string& location, const std::string& offset,
                    const std::string& length) {
    Message tensor;
    tensor.integer(1, 1).integer(2, 1).bytes(8, "w").integer(14, 1);
    for (const auto& [key, value] :
         {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
        Message entry;
        entry.bytes(1, key).bytes(2, value);
        tensor.message(13, entry);
    }
    return Message().message(5, tensor).str();
}

std::string added(const std::string& constant) {
    return graphFile(node("Add", {"in", "w"}, "out") + constant);
}

vips::VImage rgb(const std::string& path) {
    return vips::VImage::new_from_file(path.c_str()).colourspace(VIPS_INTERPRETATION_sRGB);
}

vips::VImage enlarged(const Network& network, const vips::VImage& picture) {
    const int height = picture.height(), width = picture.width(), scale = network.scale;
    REQUIRE(picture.bands() == 3);
    std::size_t size = 0;
    unsigned char* samples = static_cast<unsigned char*>(picture.write_to_memory(&size));
    std::vector<float> planes(size);
    for (std::size_t i = 0; i < size; ++i) planes[i % 3 * (size / 3) + i / 3] = samples[i] / 255.0f;
    g_free(samples);
    const auto result = run(network, planes, height, width);
    std::vector<unsigned char> bytes(result.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const float value = result[i % 3 * (bytes.size() / 3) + i / 3] * 255;
        bytes[i] = static_cast<unsigned char>(std::lround(std::clamp(value, 0.0f, 255.0f)));
    }
    const vips::VImage image(vips_image_new_from_memory_copy(
        bytes.data(), bytes.size(), width * scale, height * scale, 3, VIPS_FORMAT_UCHAR));
    return image.copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

}  // namespace

TEST_CASE("foreign ONNX files give what onnxruntime gives", "[onnx]") {
    int seen = 0;
    for (const auto& entry : fs::directory_iterator(kFolder)) {
        if (entry.path().extension() != ".safetensors") continue;
        const std::string name = entry.path().stem().string();
        ++seen;
        DYNAMIC_SECTION(name) {
            const auto expected = weights::read(entry.path().string());
            const auto fact = [&](const char* key, const char* otherwise) {
                const auto found = expected.metadata.find(key);
                return found == expected.metadata.end() ? std::string(otherwise) : found->second;
            };
            Options options;
            for (const auto& [key, value] : expected.metadata)
                if (key.rfind("option.", 0) == 0) options[key.substr(7)] = value;
            const auto& in = expected.tensors.at("input");
            const int height = int(in.shape.at(2)), width = int(in.shape.at(3));
            const int scale = std::stoi(fact("scale", "0"));

            const std::string bytes = bytesOf(name);
            CHECK(architectures::isOnnx(bytes));
            Network network = architectures::normalise(bytes, kFolder, options, name + ".onnx");
            CHECK((network.scale == scale || network.scale == 0));
            CHECK((network.onnx == bytes) == (name == "plain" || name == "weights-as-inputs"));
            model::measure(network, processor());
            CHECK(network.scale == scale);
            CHECK(network.reach >= 1);
            CHECK(network.reach <= 8);
            CHECK(network.align == std::stoi(fact("align", "1")));
            const std::string fixed =
                std::to_string(network.fixedHeight) + "x" + std::to_string(network.fixedWidth);
            CHECK(fixed == fact("fixed", "0x0"));

            const auto wanted = floats(expected.tensors.at("output"));
            const auto given = run(network, floats(in), height, width);
            REQUIRE(given.size() == wanted.size());
            double far = 0;
            for (std::size_t i = 0; i < wanted.size(); ++i) {
                const double distance = std::abs(double(given[i]) - wanted[i]);
                if (!(distance <= far)) far = distance;
            }
            CHECK(far < std::stod(fact("tolerance", "0")));
        }
    }
    CHECK(seen >= 15);
}

TEST_CASE("what is no upscaler is refused with a sentence", "[onnx]") {
    const std::map<std::string, std::string> sentences{
        {"refused-classifier", "no picture"},   {"refused-detector", "2 outputs"},
        {"refused-smaller", "smaller"},         {"refused-one-and-a-half", "whole factor"},
        {"refused-features", "64 channels"},    {"refused-unknown", "'Dream' of 'some.vendor'"},
        {"refused-cycle", "no layer before it"}};
    for (const auto& [name, sentence] : sentences) {
        INFO(name);
        const std::string message = refusal([&] {
            Network network = architectures::normalise(bytesOf(name), kFolder, {}, name);
            model::measure(network, processor());
        });
        CHECK(message.find(sentence) != std::string::npos);
        CHECK(message.find('\n') == std::string::npos);
    }
    // One of several outputs may be the picture.
    Network network =
        architectures::normalise(bytesOf("refused-detector"), kFolder, {{"output", "x8"}}, "");
    CHECK_NOTHROW(model::measure(network, processor()));
    CHECK(network.scale == 2);
}

TEST_CASE("a further input asks for its value by name", "[onnx]") {
    CHECK(refusedWith(bytesOf("two-inputs")).find("sigma=VALUE") != std::string::npos);
    CHECK(refusedWith(bytesOf("two-inputs"), {{"sigma", "1,2"}}).find("1 numbers") !=
          std::string::npos);
    CHECK(refusedWith(bytesOf("two-inputs"), {{"sigma", "much"}}) != "");
    CHECK(refusedWith(bytesOf("plain"), {{"mean", "1,2"}}).find("three") != std::string::npos);
    CHECK(refusedWith(bytesOf("plain"), {{"std", "0"}}) != "");
    CHECK(refusedWith(bytesOf("plain"), {{"output", "x"}}) != "");
}

TEST_CASE("the range of values is guessed where it shows", "[onnx]") {
    Network network = architectures::normalise(bytesOf("to-255"), kFolder, {}, "");
    model::measure(network, processor());
    const Options guess = model::measureRange(network, processor());
    CHECK(guess == Options{{"range", "255"}, {"mean", "0"}, {"std", "1"}});
    // With it, nothing is left to guess.
    network = architectures::normalise(bytesOf("to-255"), kFolder, guess, "");
    model::measure(network, processor());
    CHECK(model::measureRange(network, processor()).empty());
    // Random weights follow no range.
    network = architectures::normalise(bytesOf("plain"), kFolder, {}, "");
    model::measure(network, processor());
    CHECK(model::measureRange(network, processor()).empty());
}

TEST_CASE("weights outside of the file come from beside it and nowhere else", "[onnx]") {
    Folder folder;
    fs::create_directories(folder / "models/sub");
    const std::string here = folder / "models";
    test::writeBytes(folder / "secret", std::string(64, 's'));
    test::writeBytes(here + "/plain.bin", std::string(64, 'p'));
    test::writeBytes(here + "/sub/deep.bin", std::string(64, 'd'));
    fs::create_symlink(folder / "secret", here + "/link");
    fs::create_directory_symlink(folder.path(), here + "/up");
    fs::create_symlink(here + "/plain.bin", here + "/inside");

    for (const char* good : {"plain.bin", "sub/deep.bin", "./plain.bin", "inside"}) {
        INFO(good);
        const auto network = architectures::normalise(added(outside(good, "8", "4")), here, {}, "");
        const std::string letters(4, std::string(good) == "sub/deep.bin" ? 'd' : 'p');
        CHECK(network.onnx.find(letters) != std::string::npos);
        CHECK(network.onnx.find("location") == std::string::npos);
    }
    for (const std::string& bad :
         {std::string("../secret"), std::string(folder / "secret"), std::string("link"),
          std::string("up/secret"), std::string("sub/../../secret"), std::string("missing"),
          std::string("sub"), std::string(""), std::string("."), std::string("plain.bin\0x", 11),
          std::string("/etc/passwd"), std::string("/dev/zero")}) {
        INFO(bad);
        CHECK(refusedWith(added(outside(bad, "0", "4")), {}, here) != "");
    }
    for (const auto& [offset, length] : {std::pair{"0", "65"},
                                         {"65", "0"},
                                         {"64", "1"},
                                         {"18446744073709551615", "2"},
                                         {"2", "18446744073709551615"},
                                         {"-1", "4"},
                                         {"x", "4"},
                                         {"99999999999999999999", "1"}}) {
        INFO(offset << " " << length);
        CHECK(refusedWith(added(outside("plain.bin", offset, length)), {}, here) != "");
    }
    // The same bytes again and again would fill the memory.
    std::string many = node("Add", {"in", "w"}, "out");
    for (int i = 0; i < 100; ++i) many += outside("plain.bin", "0", "64");
    CHECK(refusedWith(graphFile(many), {}, here).find("over and over") != std::string::npos);
}

TEST_CASE("damaged ONNX files are refused and never read out of bounds", "[onnx]") {
    std::mt19937 random(3);
    for (const char* name :
         {"plain", "wrapped", "outside", "one-size", "two-inputs", "brightness"}) {
        const std::string whole = bytesOf(name);
        for (std::size_t length = 0; length < whole.size(); length += 1 + length / 16)
            CHECK(refusedWith(whole.substr(0, length)) != "");
        for (int i = 0; i < 300; ++i) {
            std::string damaged = whole;
            for (int flips = 1 + int(random() % 4); flips > 0; --flips)
                damaged[random() % damaged.size()] ^= char(1 << random() % 8);
            refusedWith(damaged, {{"sigma", "1"}});  // accepted or refused, but nothing else
        }
    }
    CHECK_FALSE(architectures::isOnnx(""));
    CHECK_FALSE(architectures::isOnnx("PK\3\4"));
    CHECK_FALSE(architectures::isOnnx(readFile(kFolder + "/plain.safetensors")));
    CHECK(architectures::isOnnx(bytesOf("plain").substr(0, 500)));
}

TEST_CASE("what fuzzing found once is refused or read, and no more", "[onnx]") {
    // Under the sanitizers this fails where a side of 1e19 is taken for a number of pixels.
    int seen = 0;
    for (const auto& entry :
         fs::directory_iterator(std::string(ACUITY_SOURCE) + "/fuzz/corpus/onnx")) {
        const std::string bytes = readFile(entry.path().string());
        try {
            const Network network = architectures::normalise(bytes, "/nowhere", {}, "found.onnx");
            CHECK(network.scale >= 0);
        } catch (const Error& error) {
            CHECK(error.kind() == Kind::model);
        }
        ++seen;
    }
    CHECK(seen >= 1);
}

TEST_CASE("graphs made to harm are refused within a second", "[onnx]") {
    CHECK(refusedWith(graphFile(node("Loop", {"in"}, "out"))).find("loops") != std::string::npos);
    const auto start = std::chrono::steady_clock::now();
    CHECK(refusedWith(graphFile(node("Relu", {"out"}, "out"))).find("no layer") !=
          std::string::npos);
    CHECK(refusedWith(graphFile(node("Relu", {"in"}, "out") + node("Relu", {"in"}, "out"))) != "");
    CHECK(refusedWith(graphFile("")) != "");
    // Graphs in attributes of layers of graphs, a thousand deep.
    std::string nested;
    for (int i = 0; i < 1000; ++i) {
        const std::string attribute = Message().bytes(1, "g").bytes(6, nested).str();
        nested = Message().bytes(1, Message().bytes(4, "If").bytes(5, attribute).str()).str();
    }
    CHECK(refusedWith(graphFile(nested)).find("deeply") != std::string::npos);
    // A weight outside, hidden in a graph of a layer, is not left for the engine to look for.
    const std::string inner = Message().bytes(6, outside("../secret", "0", "4")).str();
    const std::string hiding =
        Message()
            .bytes(1, Message().bytes(1, "in").bytes(2, "out").bytes(4, "If").bytes(5, inner).str())
            .str();
    CHECK(refusedWith(graphFile(hiding)).find("not beside it") != std::string::npos);
    // Very many layers.
    std::string many = node("Relu", {"in"}, "out");
    while (many.size() < (8 << 20)) many += std::string("\x0a\x00", 2);
    CHECK(refusedWith(graphFile(many)).find("more layers") != std::string::npos);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    CHECK(took.count() < 2);
}

TEST_CASE("real files: supres beats bicubic, face detectors are refused", "[onnx]") {
    const std::string root = test::sharedData();
    if (root.empty()) return;
    const std::string folder = root + "weights/onnx";
    for (const char* name : {"yunet_n_640_640", "yunet_n_dynamic"})
        CHECK(refusedWith(readFile(folder + "/" + name + ".onnx"), {}, folder).find("12 outputs") !=
              std::string::npos);
    Network network = architectures::normalise(readFile(folder + "/supres.onnx"), folder, {}, "");
    model::measure(network, processor());
    CHECK(network.scale == 3);
    CHECK(network.fixedHeight == 0);
    CHECK(network.reach <= 6);

    codec::startVips();
    double ours = 0, bicubic = 0;
    for (int i = 1; i <= 5; ++i) {
        const std::string name = "/img_00" + std::to_string(i) + ".png";
        const auto low = rgb(root + "test/Set5/LR_x3" + name);
        const auto high = rgb(root + "test/Set5/HR" + name);
        const auto wide =
            ops::resample(low, low.width() * 3, low.height() * 3, *ops::kernelOfName("bicubic"));
        ours += ops::score(enlarged(network, low), high, 3, 3).psnr / 5;
        bicubic += ops::score(wide, high, 3, 3).psnr / 5;
    }
    INFO("supres " << ours << " dB, bicubic " << bicubic << " dB");
    CHECK(ours > bicubic + 0.2);  // 0.27 dB was measured
}
