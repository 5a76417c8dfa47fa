// RFDN (Liu et al., "Residual Feature Distillation Network", 2020): each block puts narrow copies
// of its stages aside and joins them under a spatial attention. It won the efficiency challenge of
// AIM 2020.
#include "architectures/pieces.h"

namespace acuity::architectures {

namespace {

constexpr float kSlope = 0.05f;

Value block(Graph& graph, const State& state, Value x, const std::string& name) {
    std::vector<Value> kept;
    for (const std::string stage : {".c1", ".c2", ".c3"}) {
        kept.push_back(graph.leakyRelu(conv(graph, state, x, name + stage + "_d"), kSlope));
        x = graph.leakyRelu(graph.add(conv(graph, state, x, name + stage + "_r"), x), kSlope);
    }
    kept.push_back(graph.leakyRelu(conv(graph, state, x, name + ".c4"), kSlope));
    return spatialAttention(graph, state, conv(graph, state, graph.concat(kept), name + ".c5"),
                            name + ".esa");
}

}  // namespace

bool fitsRfdn(const State& state) {
    return state.has("fea_conv.weight") && state.has("B1.c1_d.weight") &&
           state.has("B1.esa.conv1.weight") && state.has("LR_conv.weight");
}

Network buildRfdn(const Source& source) {
    const State& state = source.state;
    const float range = rangeOf(source, 255);
    Graph graph;
    const Value first = conv(graph, state, graph.times(graph.input(), range), "fea_conv");
    const int blocks = state.largest("B");
    Value x = first;
    std::vector<Value> all;
    for (int i = 1; i <= blocks; ++i)
        all.push_back(x = block(graph, state, x, std::string("B").append(std::to_string(i))));
    x = graph.leakyRelu(conv(graph, state, graph.concat(all), "c.0"), kSlope);
    x = graph.add(conv(graph, state, x, "LR_conv"), first);
    x = conv(graph, state, x, "upsampler.0");
    x = graph.times(shuffledToRgb(graph, x), 1 / range);
    Network network =
        finish(graph, x, "RFDN",
               std::to_string(first.channels) + " channels, " + std::to_string(blocks) + " blocks");
    laidOverGrid(network);
    return network;
}

}  // namespace acuity::architectures
