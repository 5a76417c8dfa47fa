// Files of the ncnn tools: pairs are found, hostile bytes refused quickly.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>

#include "architectures/ncnn.h"
#include "base/error.h"
#include "support.h"
#include "weights/ncnn.h"

using namespace acuity;
using Catch::Contains;
using test::bytesOf;
using test::writeBytes;
using weights::NcnnModel;
using weights::parseNcnnBin;
using weights::parseNcnnParam;

namespace {

const std::string kFolder = std::string(ACUITY_SOURCE) + "/tests/data/ncnn/";

/// What refuses, with all that happens until there is a network; "" when nothing does.
std::string refusal(const std::string& param, const std::string& bin) {
    const auto start = std::chrono::steady_clock::now();
    std::string why;
    try {
        NcnnModel model = parseNcnnParam(param);
        parseNcnnBin(model, bin);
        architectures::fromNcnn(model, {}, "test");
    } catch (const Error& error) {
        why = error.what();
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    CHECK(taken.count() < 1);
    return why;
}

std::string reading(const std::string& path) {
    try {
        weights::readNcnn(path);
    } catch (const Error& error) {
        CHECK(error.kind() == Kind::model);
        return error.what();
    }
    return "";
}

std::string words(const std::vector<std::int32_t>& values) {
    std::string bytes(values.size() * 4, '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

const std::string kInput = "7767517\n2 2\nInput in 0 1 data\n";

}  // namespace

TEST_CASE("a pair of ncnn files is found from either, and what is missing is named", "[ncnn]") {
    test::Folder folder;
    const std::string param = bytesOf(kFolder + "stored-f16.param");
    const std::string bin = bytesOf(kFolder + "stored-f16.bin");
    writeBytes(folder / "a.param", param);
    CHECK_THAT(reading(folder / "a.param"), Contains("has no weights") && Contains("'a.bin'"));
    writeBytes(folder / "a.bin", bin);
    for (const char* name : {"a.param", "a.bin"}) {
        CHECK(weights::isNcnn(folder / name));
        CHECK(weights::readNcnn(folder / name).layers.size() == 10);
    }
    writeBytes(folder / "b.bin", bin);
    CHECK_FALSE(weights::isNcnn(folder / "b.bin"));
    CHECK_THAT(reading(folder / "b.bin"), Contains("has no graph") && Contains("'b.param'"));
    writeBytes(folder / "c.param.bin", bytesOf(kFolder + "stored-binary.param.bin"));
    writeBytes(folder / "c.bin", bin);
    for (const char* name : {"c.param.bin", "c.bin"}) {
        CHECK(weights::isNcnn(folder / name));
        CHECK(weights::readNcnn(folder / name).layers.size() == 10);
    }
    CHECK_FALSE(weights::isNcnn(folder / "nowhere.param"));
}

TEST_CASE("half-precision ncnn weights stay half", "[ncnn]") {
    const NcnnModel model = weights::readNcnn(kFolder + "stored-f16.param");
    const auto& convolution = model.layers.at(2);
    REQUIRE(convolution.type == "Convolution");
    CHECK(convolution.weights.at(0).type == weights::Type::f16);
    CHECK(convolution.weights.at(1).type == weights::Type::f32);
    CHECK(convolution.integer(0) == 5);
}

TEST_CASE("parameters of ncnn have kinds", "[ncnn]") {
    const NcnnModel model = parseNcnnParam(
        kInput + "Clip c 1 1 data out 0=-3.402823e+38 1=3 2=1.5 3=2.000000e+00 -23310=2,1,0.5\n");
    const auto& layer = model.layers.at(1);
    CHECK(layer.real(0) < -3e38f);
    CHECK(layer.real(1) == 3.0f);
    CHECK(layer.integer(3) == 2);
    CHECK(layer.integer(7, 9) == 9);
    CHECK(layer.reals(10) == std::vector<float>{1, 0.5f});
    CHECK_THROWS_AS(layer.integer(2), Error);
}

TEST_CASE("damaged ncnn graphs are refused in a sentence", "[ncnn]") {
    CHECK_THAT(refusal("", ""), Contains("no ncnn graph"));
    CHECK_THAT(refusal("7767517\n", ""), Contains("number of layers"));
    CHECK_THAT(refusal("7767517\n0 0\n", ""), Contains("without layers"));
    CHECK_THAT(refusal("7767517\n1000000 1000000\n", ""), Contains("1000000 layers"));
    CHECK_THAT(refusal("7767517\n-1 5\n", ""), Contains("number of layers"));
    CHECK_THAT(refusal("7767517\n99999999999999999999 5\n", ""), Contains("number of layers"));
    CHECK_THAT(refusal(kInput, ""), Contains("cut off"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data b\nReLU b 1 1 b c\n", ""),
               Contains("more layers"));
    CHECK_THAT(refusal(kInput + "Split a 1 3 data b c d\n", ""), Contains("more blobs"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 nothing out\n", ""), Contains("'nothing'"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 out out\n", ""), Contains("'out'"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data data\n", ""), Contains("two of its layers"));
    CHECK_THAT(refusal("7767517\n3 3\nInput i 0 1 data\nBinaryOp a 2 1 data c b\n"
                       "ReLU c 1 1 b c\n",
                       ""),
               Contains("'c'"));  // a loop
    CHECK_THAT(refusal(kInput + "ReLU a 2000000000 1 data\n", ""), Contains("lacks names"));
    CHECK_THAT(refusal(kInput + "ReLU a 1\n", ""), Contains("number of outputs"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data out 0\n", ""), Contains("a parameter"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data out 0=x\n", ""), Contains("no number"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data out 99=1\n", ""), Contains("number 99"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data out -2147483648=1\n", ""), Contains("number"));
    CHECK_THAT(refusal(kInput + "ReLU a 1 1 data out -23300=3,1\n", ""), Contains("as long"));
    CHECK_THAT(refusal(kInput + "Nonsense a 1 1 data out\n", ""), Contains("Nonsense"));
    const std::string far(1 << 20, 'n');
    CHECK(refusal(kInput + "ReLU " + far + " 1 1 nothing out\n", "").size() < 300);
}

TEST_CASE("damaged binary ncnn graphs are refused in a sentence", "[ncnn]") {
    constexpr std::int32_t kMagic = 7767517, kInputType = 16, kEnd = -233, kRelu = 26;
    CHECK_THAT(refusal(words({kMagic, 1'000'000, 1}), ""), Contains("1000000 layers"));
    CHECK_THAT(refusal(words({kMagic, 2, 2}), ""), Contains("cut off"));
    CHECK_THAT(refusal(words({kMagic, 1, 1, kInputType, 2'000'000'000, 1}), ""),
               Contains("cut off"));
    CHECK_THAT(refusal(words({kMagic, 1, 1, kInputType, 0, -5, 0, kEnd}), ""), Contains("damaged"));
    CHECK_THAT(refusal(words({kMagic, 1, 1, kInputType, 0, 1, 0, -23300, 2'000'000'000}), ""),
               Contains("cut off"));
    CHECK_THAT(refusal(words({kMagic, 1, 1, 4711, 0, 1, 0, kEnd}), ""), Contains("4711"));
    CHECK_THAT(
        refusal(words({kMagic, 2, 2, kInputType, 0, 1, 0, kEnd, kRelu, 1, 1, 7, 1, kEnd}), ""),
        Contains("'7'"));
    CHECK(refusal(words({kMagic, 2, 2, kInputType, 0, 1, 0, kEnd, kRelu, 1, 1, 0, 1, kEnd}), "") ==
          "");
}

TEST_CASE("damaged ncnn weights are refused in a sentence", "[ncnn]") {
    const auto convolution = [](const std::string& parameters) {
        return kInput + "Convolution conv 1 1 data out " + parameters + "\n";
    };
    const std::string small = convolution("0=3 1=1 5=1 6=9");
    const std::string raw(4 + 9 * 4 + 3 * 4, '\0');
    CHECK(refusal(small, raw) == "");
    CHECK(refusal(small, raw + std::string(8, '\0')) == "");
    CHECK_THAT(refusal(small, ""), Contains("cut off"));
    CHECK_THAT(refusal(small, raw.substr(0, raw.size() - 1)), Contains("cut off"));
    CHECK_THAT(refusal(small, raw + std::string(100, '\0')), Contains("100 bytes longer"));
    CHECK_THAT(refusal(convolution("0=3 1=1 5=1 6=2000000000"), raw), Contains("cut off"));
    CHECK_THAT(refusal(convolution("0=3 1=1 5=1 6=-9"), raw), Contains("impossible size"));
    CHECK_THAT(refusal(convolution("0=-3 1=1 5=1 6=9"), raw), Contains("impossible size"));
    CHECK_THAT(refusal(convolution("0=3 1=0 6=9"), raw), Contains("parameter 1"));
    CHECK_THAT(refusal(convolution("0=3 1=-3 5=1 6=9"), raw), Contains("parameter"));
    CHECK_THAT(refusal(convolution("0=3 1=1 3=0 5=1 6=9"), raw), Contains("parameter 3"));
    CHECK_THAT(refusal(convolution("0=3 1=1 4=2000000000 5=1 6=9"), raw), Contains("parameter 4"));
    CHECK_THAT(refusal(convolution("0=1 1=3 5=1 6=9"), raw.substr(0, 44)), Contains("do not fit"));
    const std::string int8 = "\x38\x4B\x0D" + std::string(1 + 12 + 12, '\0');
    CHECK_THAT(refusal(small, int8), Contains("without scales"));
    const auto memory = [](const std::string& parameters) {
        return "7767517\n2 2\nMemoryData m 0 1 m " + parameters + "\nInput in 0 1 data\n";
    };
    CHECK_THAT(refusal(memory("0=2000000000 1=2000000000 2=2000000000"), raw),
               Contains("too large"));
    CHECK_THAT(refusal(memory("0=-4"), raw), Contains("negative"));
}

TEST_CASE("large ncnn graphs take little time, and those that grow are refused", "[ncnn]") {
    const auto graph = [](int layers, auto line) {
        std::string text = "7767517\n" + std::to_string(layers + 1) + " 100000\nInput in 0 1 b0\n";
        for (int i = 0; i < layers; ++i) text += line(i) + "\n";
        return text;
    };
    const auto blob = [](int i) { return " b" + std::to_string(i); };
    CHECK(refusal(graph(40'000, [&](int i) { return "ReLU r 1 1" + blob(i) + blob(i + 1); }), "") ==
          "");
    CHECK_THAT(
        refusal(graph(20'000, [&](int i) { return "Concat c 2 1 b0" + blob(i) + blob(i + 1); }),
                ""),
        Contains("memory"));
    // A blob without extent could have any number of channels.
    const auto doubling = [&](int i) {
        return i == 0 ? "Pooling p 1 1 b0 b1 0=1 7=1 8=1"
                      : "Concat c 2 1" + blob(i) + blob(i) + blob(i + 1);
    };
    CHECK(refusal(graph(60, doubling), "") != "");
    CHECK_THAT(refusal(graph(30,
                             [&](int i) {
                                 return i < 29 ? doubling(i) : "ShuffleChannel s 1 1 b29 out 0=3";
                             }),
                       ""),
               Contains("channels"));
}

TEST_CASE("flipped and cut ncnn files are refused or run, and never hang", "[ncnn]") {
    std::mt19937 random{3};
    for (const std::string name : {"norms", "shapes", "shrinking-unet", "stored-int8"}) {
        const std::string param = bytesOf(kFolder + name + ".param");
        const std::string bin = bytesOf(kFolder + name + ".bin");
        for (int i = 0; i < 150; ++i) {
            std::string p = param, b = bin;
            const int flips = 1 + int(random() % 4);
            for (int k = 0; k < flips; ++k)
                p[random() % p.size()] = "0123456789-=., \nabx"[random() % 19];
            if (i % 3 == 0) b.resize(random() % b.size());
            if (i % 5 == 0) p.resize(random() % p.size());
            refusal(p, b);
        }
    }
    const std::string graph = bytesOf(kFolder + "stored-binary.param.bin");
    const std::string bin = bytesOf(kFolder + "stored-binary.bin");
    REQUIRE(refusal(graph, bin) == "");
    for (int i = 0; i < 300; ++i) {
        std::string p = graph;
        p[random() % p.size()] = char(random());
        refusal(p, bin);
    }
}
