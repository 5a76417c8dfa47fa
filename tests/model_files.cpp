// Models: names, files, damage, and the network's own result against PyTorch's.
#include <catch2/catch.hpp>

#include <cstring>

#include "base/files.h"
#include "model/onnx_facts.h"
#include "model/tuning.h"
#include "networks.h"
#include "support.h"

using namespace acuity;
using test::Folder;

namespace {

std::string shippedBytes(const std::string& name) {
    return readFile(model::modelsFolder() + "/" + name + ".onnx");
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

}  // namespace

TEST_CASE("every shipped model has the weights of its card") {
    int checked = 0;
    for (const model::Model& m : model::catalogue()) {
        if (m.interpolation) continue;
        const model::Model loaded = model::load(m.name, nullptr);
        CHECK_NOTHROW(model::verify(loaded));
        for (const char* key : {"summary", "licence", "data", "recipe", "scores"})
            CHECK(loaded.card.contains(key));
        checked++;
    }
    CHECK(checked >= 2);
}

TEST_CASE("altered weights are noticed") {
    model::Model m = model::load("faithful-x4", nullptr);
    m.onnx[m.onnx.size() / 2] ^= 1;
    CHECK(refusal([&] { model::verify(m); }).find("faithful-x4") != std::string::npos);
}

TEST_CASE("unknown and unreadable models are refused by name") {
    CHECK(refusal([] { model::load("nonsense", nullptr); }).find("faithful-x4") !=
          std::string::npos);
    CHECK(refusal([] { model::load("/no/such.onnx", nullptr); }).find("/no/such.onnx") !=
          std::string::npos);
    CHECK(refusal([] { model::load("/etc/hostname.pth", nullptr); }) != "");
}

TEST_CASE("a file away from its card still tells what it is") {
    Folder folder;
    test::writeBytes(folder / "copy.onnx", shippedBytes("faithful-x4"));
    const model::Model m = model::load(folder / "copy.onnx", nullptr);
    CHECK(m.facts.scale == 4);
    CHECK(m.facts.halo == 18);
    CHECK(m.facts.skip == model::Skip::bicubic);
}

TEST_CASE("the receptive field can be measured") {
    const auto engine = engine::openEngine("cpu");
    architectures::Network network;
    network.onnx = shippedBytes("faithful-x4");
    model::measure(network, *engine);
    CHECK(network.scale == 4);
    CHECK(network.reach > 9);
    CHECK(network.reach <= 18);
}

TEST_CASE("a model file cut anywhere is refused, not run") {
    const std::string whole = shippedBytes("faithful-x2");
    Folder folder;
    for (const double share : {0.0, 0.001, 0.1, 0.5, 0.9, 0.999}) {
        test::writeBytes(folder / "cut.onnx", whole.substr(0, std::size_t(share * whole.size())));
        const std::string message = refusal([&] {
            const auto engine = engine::openEngine("cpu");
            model::Runner runner(model::load(folder / "cut.onnx", engine.get()), engine, {});
            runner.compiled(64, 64);
        });
        CHECK(message.find("cut") != std::string::npos);
        CHECK(message.find('\n') == std::string::npos);
    }
}

TEST_CASE("metadata of damaged files is absent, never wrong memory") {
    const std::string whole = shippedBytes("faithful-x2");
    REQUIRE(model::onnxMetadata(whole, "acuity"));
    CHECK_FALSE(model::onnxMetadata(whole, "other"));
    std::mt19937 random(5);
    std::string damaged = whole;
    for (int i = 0; i < 300; i++) {
        damaged[random() % damaged.size()] = char(random());
        model::onnxMetadata(std::string_view(damaged).substr(0, random() % damaged.size()),
                            "acuity");
    }
    std::string noise(200, 0);
    for (int i = 0; i < 2000; i++) {
        for (char& c : noise) c = char(random());
        CHECK_FALSE(model::onnxMetadata(noise, "acuity"));
    }
}

TEST_CASE("the engine gives what PyTorch gives") {
    // tests/data/*.vector: float32 input [3, 16, 16], then PyTorch's output [3, s*16, s*16].
    for (const auto& [name, scale] : {std::pair{"faithful-x4", 4}, {"faithful-x2", 2}}) {
        const std::string bytes =
            readFile(std::string(ACUITY_SOURCE) + "/tests/data/" + name + ".vector");
        const std::size_t in = 3 * 16 * 16, out = in * std::size_t(scale) * scale;
        REQUIRE(bytes.size() == (in + out) * sizeof(float));
        std::vector<float> expected(out);
        std::memcpy(expected.data(), bytes.data() + in * sizeof(float), out * sizeof(float));
        for (const auto precision : {engine::Precision::f32, engine::Precision::bf16}) {
            const auto request = test::shipped(name, 1, precision)->compiled(16, 16)->request();
            std::memcpy(request->input(), bytes.data(), in * sizeof(float));
            request->run();
            double far = 0;
            for (std::size_t i = 0; i < out; i++)
                far = std::max(far, double(std::abs(request->output()[i] - expected[i])));
            CHECK(far * 255 <= (precision == engine::Precision::f32 ? 0.02 : 2.5));
        }
    }
}

TEST_CASE("a network that is told conditions gives what PyTorch gives for them") {
    const std::string bytes = readFile(std::string(ACUITY_SOURCE) + "/tests/data/clean.vector");
    constexpr std::size_t kSamples = 3 * 16 * 16;
    REQUIRE(bytes.size() == 2 * kSamples * sizeof(float));
    std::vector<float> expected(kSamples);
    std::memcpy(expected.data(), bytes.data() + kSamples * sizeof(float), kSamples * sizeof(float));
    const auto off = [&](const std::map<std::string, double>& told) {
        model::Model model = model::load("clean", nullptr);
        REQUIRE(model.facts.conditions.size() == 4);
        engine::Settings settings;
        settings.precision = engine::Precision::f32;
        model::Runner runner(std::move(model), engine::openEngine("cpu"), settings, told);
        const auto request = runner.compiled(16, 16)->request();
        std::memcpy(request->input(), bytes.data(), kSamples * sizeof(float));
        request->run();
        double far = 0;
        for (std::size_t i = 0; i < kSamples; i++)
            far = std::max(far, double(std::abs(request->output()[i] - expected[i])));
        return 255 * far;
    };
    const std::map<std::string, double> told = {
        {"noise", 0.4}, {"colourNoise", 0.6}, {"compression", 0.5}, {"softness", 0.3}};
    CHECK(off(told) <= 0.02);
    CHECK(off({}) > 1);  // it does matter
}

TEST_CASE("a file without a place for conditions is refused in words") {
    model::Model model = model::load("faithful-x2", nullptr);
    const std::string before = model.onnx;
    model::tell(model, {{"noise", 1}});  // has none, and needs none
    CHECK(model.onnx == before);
    model.facts.conditions = {"noise"};
    CHECK_THROWS_AS(model::tell(model, {}), Error);
    CHECK_FALSE(model::replaceOnnxFloats(model.onnx, "head.bias", {1, 2, 3}));
    std::string broken = before.substr(0, before.size() / 2);
    CHECK_FALSE(model::replaceOnnxFloats(broken, "condition", {1, 2, 3, 4}));
    CHECK(model.onnx == before);
}

TEST_CASE("a batch of many sizes gets a network for each, whatever is given back") {
    // Descending, so that each new size comes first in any ordered store.
    const auto runner = test::shipped("faithful-x2", 1);
    for (int side = 64; side > 40; side -= 2) {
        const auto compiled = runner->compiled(side, side);
        REQUIRE(compiled);
        CHECK(compiled->input().height == side);
        CHECK(compiled->output().width == 2 * side);
    }
}

TEST_CASE("a tuning is found, remembered, and only for its own kind") {
    Folder folder;
    setenv("ACUITY_CACHE", folder.path().c_str(), 1);
    const auto runner = test::shipped("faithful-x2", 1);
    CHECK_FALSE(model::rememberedTuning(*runner));
    const model::Tuning guess = model::estimateTuning(*runner);
    CHECK(guess.tile >= 96);
    CHECK(model::measureTile(*runner, 64, 1) > 0);
    test::writeBytes(folder / "tuning.json", "{\"x\": [1");  // damaged: as if there were none
    CHECK_FALSE(model::rememberedTuning(*runner));
    unsetenv("ACUITY_CACHE");
}
