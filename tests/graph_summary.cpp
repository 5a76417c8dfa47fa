// What a graph says of its size and cost, against figures worked out by hand.
#include "model/graph_summary.h"

#include <catch2/catch.hpp>
#include <random>

#include "architectures/graph.h"
#include "base/files.h"
#include "model/model.h"
#include "weights/protobuf.h"

using namespace acuity;
using architectures::Graph;
using architectures::Value;

namespace {

weights::Weights store;

weights::Tensor tensor(weights::Shape shape, weights::Type type = weights::Type::f32) {
    const std::size_t bytes = std::size_t(weights::elements(shape)) * weights::bytesOf(type);
    return weights::own(store, type, std::move(shape), std::string(bytes, 0));
}

}  // namespace

TEST_CASE("convolutions cost their weights at each pixel they give") {
    Graph graph;
    const auto bias = tensor({8});
    Value x = graph.conv(graph.input(), tensor({8, 3, 3, 3}), &bias);
    x = graph.conv(x, tensor({16, 8, 3, 3}), nullptr, {.stride = 2});
    x = graph.conv(x, tensor({16, 1, 3, 3}), nullptr, {.groups = 16});
    x = graph.deconv(x, tensor({16, 3, 4, 4}), nullptr, 4, 0);
    const auto summary = model::summarise(graph.onnx(x));
    const double first = 8 * 3 * 9, second = 16 * 8 * 9, third = 16 * 9, last = 16 * 3 * 16;
    CHECK(summary.parameters == Approx(first + 8 + second + third + last));
    CHECK(summary.operationsPerPixel == Approx(first + (second + third + last) / 4));
    CHECK(summary.uncounted == 0);
    CHECK(summary.operators.at("Conv") == 3);
    CHECK(summary.operators.at("ConvTranspose") == 1);
    CHECK(summary.stored == "f32");
}

TEST_CASE("what follows a pixel shuffle is computed at its size") {
    Graph graph;
    Value x = graph.conv(graph.input(), tensor({12, 3, 3, 3}), nullptr);
    x = graph.pixelShuffle(x, 2);
    x = graph.conv(x, tensor({3, 3, 3, 3}), nullptr);
    CHECK(model::summarise(graph.onnx(x)).operationsPerPixel == Approx(12 * 27 + 4 * 3 * 27));
}

TEST_CASE("half-precision weights behind a cast are weights") {
    Graph graph;
    Value x = graph.conv(graph.input(), tensor({4, 3, 3, 3}, weights::Type::f16), nullptr);
    const auto summary = model::summarise(graph.onnx(x));
    CHECK(summary.stored == "f16");
    CHECK(summary.operationsPerPixel == Approx(4 * 27));
}

TEST_CASE("products of two results are told, not guessed") {
    Graph graph;
    const Value x = graph.conv(graph.input(), tensor({3, 3, 1, 1}), nullptr);
    const auto summary = model::summarise(graph.onnx(graph.node("MatMul", {x, x})));
    CHECK(summary.operationsPerPixel == Approx(9));
    CHECK(summary.uncounted == 1);
}

TEST_CASE("a shipped network costs about its weights at each pixel") {
    const auto summary = model::summarise(readFile(model::modelsFolder() + "/faithful-x4.onnx"));
    CHECK(summary.parameters > 5e5);
    CHECK(summary.parameters < 7e5);
    CHECK(summary.operationsPerPixel == Approx(summary.parameters).epsilon(0.01));
}

TEST_CASE("damaged graphs give figures or none, never wrong memory") {
    const std::string whole = readFile(model::modelsFolder() + "/faithful-x2.onnx");
    std::mt19937 random(3);
    for (int i = 0; i < 60; i++) {
        std::string damaged = whole.substr(0, random() % whole.size());
        for (int n = 0; n < 50 && !damaged.empty(); n++)
            damaged[random() % std::min<std::size_t>(damaged.size(), 4000)] = char(random());
        const auto summary = model::summarise(damaged);
        CHECK(summary.parameters >= 0);
    }
}
