// PAN (Zhao et al., "Efficient Image Super-Resolution Using Pixel Attention", 2020): blocks of two
// branches, one of them under an attention for every pixel; enlarged by repetition and
// convolutions.
#include <algorithm>

#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

constexpr float kSlope = 0.2f;

Value block(Graph& graph, const State& state, const Value& x, const std::string& name) {
    const auto layer = [&](const Value& value, const char* part) {
        return conv(graph, state, value, name + "." + part);
    };
    const Value a = layer(graph.leakyRelu(layer(x, "conv1_a"), kSlope), "k1.0");
    Value b = graph.leakyRelu(layer(x, "conv1_b"), kSlope);
    b = graph.mul(layer(b, "PAConv.k3"), graph.sigmoid(layer(b, "PAConv.k2")));
    b = layer(b, "PAConv.k4");
    const Value both = graph.leakyRelu(graph.concat({a, b}), kSlope);
    return graph.add(layer(both, "conv3"), x);
}

/// Repeats pixels, and refines what comes of it.
Value enlarged(Graph& graph, const State& state, Value x, int factor, const std::string& step) {
    x = conv(graph, state, graph.nearest(x, factor), "upconv" + step);
    x = graph.mul(x, graph.sigmoid(conv(graph, state, x, "att" + step + ".conv")));
    x = conv(graph, state, graph.leakyRelu(x, kSlope), "HRconv" + step);
    return graph.leakyRelu(x, kSlope);
}

}  // namespace

bool fitsPan(const State& state) {
    return state.has("SCPA_trunk.0.conv1_a.weight") && state.has("conv_first.weight") &&
           state.has("upconv1.weight") && state.has("att1.conv.weight");
}

Network buildPan(const Source& source) {
    const State& state = source.state;
    // Two steps are of 2 each; a single one may be of 2 or 3, which the weights do not tell.
    const bool twice = state.has("upconv2.weight");
    const int named = std::clamp(scaleInName(source.fileName).value_or(2), 2, 3);
    const int factor = twice ? 2 : number(source.options, "scale", named, 2, 3);
    Graph graph;
    const Value first = conv(graph, state, graph.input(), "conv_first");
    Value x = first;
    const int blocks = state.largest("SCPA_trunk.") + 1;
    for (int i = 0; i < blocks; ++i) x = block(graph, state, x, "SCPA_trunk." + std::to_string(i));
    x = graph.add(conv(graph, state, x, "trunk_conv"), first);
    x = enlarged(graph, state, x, factor, "1");
    if (twice) x = enlarged(graph, state, x, factor, "2");
    x = graph.add(conv(graph, state, x, "conv_last"),
                  graph.resized(graph.input(), twice ? 4 : factor, "linear"));
    return finish(
        graph, x, "PAN",
        std::to_string(first.channels) + " channels, " + std::to_string(blocks) + " blocks");
}

}  // namespace acuity::architectures
