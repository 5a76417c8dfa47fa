// Layers of ncnn against PyTorch: tests/parity/ncnn_nets.py wrote tests/data/ncnn.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "architectures/ncnn.h"
#include "base/error.h"
#include "engine/engine.h"
#include "weights/ncnn.h"
#include "weights/read.h"

using namespace acuity;
using architectures::Network;

namespace {

namespace fs = std::filesystem;

const std::string kFolder = std::string(ACUITY_SOURCE) + "/tests/data/ncnn/";

std::string graphFile(const std::string& name) {
    const std::string text = kFolder + name + ".param";
    return fs::exists(text) ? text : text + ".bin";
}

struct Result {
    engine::Size size;
    std::vector<float> values;
};

Result run(const Network& network, const std::vector<float>& picture, int height, int width) {
    static const auto engine = engine::openEngine("cpu");
    const auto compiled =
        engine->compile(network.onnx, height, width, {engine::Precision::f32, 2, 1});
    const auto request = compiled->request();
    std::copy(picture.begin(), picture.end(), request->input());
    request->run();
    const engine::Size size = compiled->output();
    return {size,
            {request->output(), request->output() + size.channels * size.height * size.width}};
}

double farthest(const std::vector<float>& a, const std::vector<float>& b) {
    double most = a.size() == b.size() ? 0 : INFINITY;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const double distance = std::abs(double(a[i]) - b[i]);
        if (!(distance <= most)) most = distance;  // a NaN counts as far
    }
    return most;
}

Network networkOf(const std::string& name) {
    return architectures::fromNcnn(weights::readNcnn(graphFile(name)), {}, name);
}

/// A graph of these lines.
Network networkOfText(int blobs, const std::vector<std::string>& lines,
                      const std::string& bin = "") {
    std::string text =
        "7767517\n" + std::to_string(lines.size()) + " " + std::to_string(blobs) + "\n";
    for (const std::string& line : lines) text += line + "\n";
    weights::NcnnModel model = weights::parseNcnnParam(text);
    weights::parseNcnnBin(model, bin);
    return architectures::fromNcnn(model, {}, "test");
}

}  // namespace

TEST_CASE("every layer of ncnn gives what PyTorch gives", "[ncnn]") {
    std::set<std::string> seen;
    for (const auto& entry : fs::directory_iterator(kFolder)) {
        if (entry.path().extension() != ".safetensors") continue;
        const std::string name = entry.path().stem().string();
        DYNAMIC_SECTION(name) {
            weights::Weights vectors = weights::read(entry.path().string());
            const weights::Tensor input = vectors.tensors.at("input");
            const Network network = networkOf(name);
            CHECK("scale " + std::to_string(network.scale) + (network.global ? ", global" : "") ==
                  vectors.metadata.at("facts"));
            CHECK(network.reach >= 1);
            const Result result =
                run(network, weights::floats(input), int(input.shape[2]), int(input.shape[3]));
            CHECK(farthest(result.values, weights::floats(vectors.tensors.at("output"))) < 1e-4);
        }
        seen.insert(name);
    }
    CHECK(seen.size() == 14);
}

TEST_CASE("ncnn networks take pictures of any size and keep their scale", "[ncnn]") {
    for (const std::string name : {"shrinking-unet", "shrinking-x2", "resolution", "convolutions"})
        for (const auto& [height, width] : {std::pair{13, 11}, {9, 34}, {5, 5}}) {
            CAPTURE(name, height, width);
            const Network network = networkOf(name);
            const Result result = run(
                network, std::vector<float>(std::size_t(3 * height * width), 0.5f), height, width);
            CHECK(result.size.height == height * network.scale);
            CHECK(result.size.width == width * network.scale);
        }
}

TEST_CASE("a shrinking network's picture stays where it is at every size", "[ncnn]") {
    // Padding at the right and bottom must not move anything: a smaller crop gives the same pixels.
    const Network network = networkOf("shrinking-x2");
    const int height = 30, width = 27;
    std::vector<float> picture(std::size_t(3 * height * width));
    for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = float(i * 7919 % 101) / 100;
    const Result whole = run(network, picture, height, width);
    const int h = 21, w = 20, border = 12;
    std::vector<float> crop;
    for (int c = 0; c < 3; ++c)
        for (int y = 0; y < h; ++y)
            for (int x = 0; x < w; ++x)
                crop.push_back(picture[std::size_t((c * height + y) * width + x)]);
    const Result part = run(network, crop, h, w);
    double most = 0;
    for (int c = 0; c < 3; ++c)
        for (int y = 0; y < 2 * h - border; ++y)
            for (int x = 0; x < 2 * w - border; ++x)
                most = std::max(
                    most, std::abs(double(
                              whole.values[std::size_t((c * 2 * height + y) * 2 * width + x)] -
                              part.values[std::size_t((c * 2 * h + y) * 2 * w + x)])));
    CHECK(most < 1e-5);
}

TEST_CASE("facts of ncnn networks follow from their graphs", "[ncnn]") {
    const Network x4 = networkOfText(3, {"Input in 0 1 data", "Interp a 1 1 data b 0=1 1=2.0 2=2.0",
                                         "Interp b 1 1 b output 0=2 1=2.0 2=2.0"});
    CHECK(x4.scale == 4);
    CHECK(x4.align == 1);
    CHECK(x4.reach == 1);
    CHECK_FALSE(x4.global);
    const Network even = networkOfText(
        3, {"Input in 0 1 data", "Reorg a 1 1 data b 0=2", "PixelShuffle b 1 1 b output 0=2"});
    CHECK(even.scale == 1);
    CHECK(even.align == 2);
    const Network cut = networkOfText(2, {"Input in 0 1 data",
                                          "Crop a 1 1 data output 0=2 1=2 3=-233 "
                                          "4=-233 5=-233 6=2 7=2"});
    CHECK(cut.scale == 1);
    const std::vector<float> ones(3 * 8 * 9, 1);
    CHECK(run(cut, ones, 8, 9).values == ones);
    // A pixel more than the input: on the right and at the bottom, it is taken off again.
    const Network more = networkOfText(2, {"Input in 0 1 data", "Padding a 1 1 data out 1=1 3=1"});
    CHECK(run(more, ones, 8, 9).values == ones);
}

TEST_CASE("ncnn graphs that Acuity cannot run are refused with the layer's name", "[ncnn]") {
    const auto why = [](int blobs, const std::vector<std::string>& lines,
                        const std::string& bin = "") -> std::string {
        try {
            networkOfText(blobs, lines, bin);
        } catch (const Error& error) {
            CHECK(error.kind() == Kind::model);
            return error.what();
        }
        return "";
    };
    using Catch::Contains;
    const std::string input = "Input in 0 1 data";
    CHECK_THAT(why(2, {input, "MultiHeadAttention look 1 1 data out 0=8"}),
               Contains("'look'") && Contains("MultiHeadAttention"));
    CHECK_THAT(why(2, {input, "Convolution c 1 1 data out 0=3 1=1 6=10"}, std::string(44, '\0')),
               Contains("'c'") && Contains("weights"));
    CHECK_THAT(why(2, {input, "BinaryOp b 1 1 data out 0=10 1=1"}), Contains("operation 10"));
    CHECK_THAT(why(2, {input, "Reshape r 1 1 data out 0=64 1=64 2=3"}), Contains("no size"));
    CHECK_THAT(why(2, {input, "Interp i 1 1 data out 0=1 1=0.5 2=0.5"}), Contains("factor"));
    CHECK_THAT(why(2, {input, "Interp i 1 1 data out 0=1 1=1.5 2=1.5"}), Contains("factor"));
    CHECK_THAT(why(2, {input, "Pooling p 1 1 data out 0=1 4=1"}), Contains("no RGB"));
    CHECK_THAT(why(1, {input + " 2=1"}), Contains("1 channels"));
    CHECK_THAT(why(2, {input, "Input b 0 1 more"}), Contains("2 inputs"));
    CHECK_THAT(why(3, {input, "Split s 1 2 data a b"}), Contains("2 outputs"));
    CHECK_THAT(why(2, {input, "Padding p 1 1 data out 0=-5"}), Contains("parameter 0"));
    CHECK_THAT(why(2, {input, "Padding p 1 1 data out 0=2000000000"}), Contains("parameter 0"));
    CHECK_THAT(why(2, {input, "Concat c 1 1 data out 0=7"}), Contains("axis"));
    CHECK_THAT(why(2, {input, "MatMul m 1 1 data out"}), Contains("1 inputs"));
    CHECK_THAT(why(2, {input, "Slice s 1 1 data out -23300=1,9"}), Contains("cuts more"));
    // Ever larger: refused before it is computed.
    std::vector<std::string> lines{input};
    for (int i = 0; i < 8; ++i)
        lines.push_back("Interp i" + std::to_string(i) + " 1 1 " +
                        (i ? "b" + std::to_string(i - 1) : "data") + " b" + std::to_string(i) +
                        " 0=1 1=64.0 2=64.0");
    CHECK_THAT(why(9, lines), Contains("memory"));
}
