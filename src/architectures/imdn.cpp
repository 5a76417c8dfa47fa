// IMDN (Hui et al., "Information Multi-distillation Network", 2019): each stage of a block keeps a
// quarter of the channels aside; what was kept is weighted by the contrast of each channel.
#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

constexpr float kSlope = 0.05f;

/// Weights every channel by its mean and standard deviation over the whole input.
Value contrastAttention(Graph& graph, const State& state, const Value& x, const std::string& name) {
    const Value mean = graph.globalMean(x);
    const Value apart = graph.sub(x, mean);
    const Value deviation = graph.node("Sqrt", {graph.globalMean(graph.mul(apart, apart))});
    Value y = graph.relu(conv(graph, state, graph.add(deviation, mean), name + ".conv_du.0"));
    return graph.mul(x, graph.sigmoid(conv(graph, state, y, name + ".conv_du.2")));
}

Value block(Graph& graph, const State& state, const Value& x, const std::string& name) {
    const int kept = state.side(name + ".c4.weight", 0);
    std::vector<Value> aside;
    Value rest = x;
    for (const char* stage : {".c1", ".c2", ".c3"}) {
        const Value y = graph.leakyRelu(conv(graph, state, rest, name + stage), kSlope);
        if (y.channels <= kept) throw Error(Kind::model, "its blocks do not fit together");
        const auto parts = graph.split(y, {kept, y.channels - kept});
        aside.push_back(parts[0]);
        rest = parts[1];
    }
    aside.push_back(conv(graph, state, rest, name + ".c4"));
    const Value y = contrastAttention(graph, state, graph.concat(aside), name + ".cca");
    return graph.add(conv(graph, state, y, name + ".c5"), x);
}

}  // namespace

bool fitsImdn(const State& state) {
    return state.has("fea_conv.weight") && state.has("IMDB1.c1.weight") &&
           state.has("IMDB1.cca.conv_du.0.weight") && state.has("LR_conv.weight");
}

Network buildImdn(const Source& source) {
    const State& state = source.state;
    const float range = rangeOf(source, 1);
    Graph graph;
    const Value first = conv(graph, state, graph.times(graph.input(), range), "fea_conv");
    const int blocks = state.largest("IMDB");
    Value x = first;
    std::vector<Value> all;
    for (int i = 1; i <= blocks; ++i)
        all.push_back(x = block(graph, state, x, "IMDB" + std::to_string(i)));
    x = graph.leakyRelu(conv(graph, state, graph.concat(all), "c.0"), kSlope);
    x = graph.add(conv(graph, state, x, "LR_conv"), first);
    x = conv(graph, state, x, "upsampler.0");
    x = graph.times(shuffledToRgb(graph, x), 1 / range);
    Network network =
        finish(graph, x, "IMDN",
               std::to_string(first.channels) + " channels, " + std::to_string(blocks) + " blocks");
    network.global = true;
    return network;
}

}  // namespace acuity::architectures
