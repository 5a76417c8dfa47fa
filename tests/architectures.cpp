// Every family of networks against PyTorch: tests/parity/*.py wrote
// tests/data/parity/*.safetensors.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "architectures/families.h"
#include "engine/engine.h"
#include "weights/read.h"

using namespace acuity;

namespace {

struct Case {
    std::string name;
    weights::Weights weights;
    architectures::Options options;
    std::vector<float> input, output;
    int height = 0, width = 0;
};

Case readCase(const std::filesystem::path& path) {
    Case c;
    c.name = path.stem().string();
    c.weights = weights::read(path.string());
    const auto take = [&](const char* name) {
        const auto node = c.weights.tensors.extract(name);
        REQUIRE_FALSE(node.empty());
        return node.mapped();
    };
    const weights::Tensor input = take("parity.input");
    c.height = int(input.shape.at(2));
    c.width = int(input.shape.at(3));
    c.input = floats(input);
    c.output = floats(take("parity.output"));
    for (const auto& [key, value] : c.weights.metadata)
        if (key.rfind("option.", 0) == 0) c.options[key.substr(7)] = value;
    return c;
}

std::vector<float> result(const Case& c, const architectures::Network& network,
                          engine::Precision precision) {
    static const auto engine = engine::openEngine("cpu");
    const auto compiled = engine->compile(network.onnx, c.height, c.width, {precision, 2, 1});
    REQUIRE(compiled->output().channels == 3);
    REQUIRE(compiled->output().height == c.height * network.scale);
    REQUIRE(compiled->output().width == c.width * network.scale);
    const auto request = compiled->request();
    std::copy(c.input.begin(), c.input.end(), request->input());
    request->run();
    return {request->output(), request->output() + c.output.size()};
}

double farthest(const std::vector<float>& a, const std::vector<float>& b) {
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double distance = std::abs(double(a[i]) - b[i]);
        if (!(distance <= most)) most = distance;  // a NaN counts as far
    }
    return most;
}

}  // namespace

TEST_CASE("every family gives what PyTorch gives", "[architectures]") {
    // f32: of the larger of 1 and the output's range. bf16 has 8 bits; errors add up over layers.
    constexpr double kF32 = 1e-4, kBf16 = 0.04;
    std::set<std::string> seen;
    const std::filesystem::path folder = std::string(ACUITY_SOURCE) + "/tests/data/parity";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".safetensors") continue;
        Case c = readCase(entry.path());
        DYNAMIC_SECTION(c.name) {
            const std::string family = c.weights.metadata.at("family");
            const int scale = std::stoi(c.weights.metadata.at("scale"));
            const auto network = architectures::arrange(c.weights, c.options, c.name);
            CHECK(network.family == family);
            CHECK(network.scale == scale);
            CHECK(network.reach >= 1);
            const auto [low, high] = std::minmax_element(c.output.begin(), c.output.end());
            const double range = std::max(1.0f, *high - *low);
            CHECK(farthest(result(c, network, engine::Precision::f32), c.output) < kF32 * range);
            CHECK(farthest(result(c, network, engine::Precision::bf16), c.output) < kBf16 * range);
        }
        seen.insert(c.weights.metadata.at("family"));
    }
    for (const auto& family : architectures::families()) {
        INFO(family.name);
        CHECK(seen.count(family.name) == 1);
    }
}
