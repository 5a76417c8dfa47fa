// DRCT (Hsu et al., 2024): groups of five Swin blocks, each of which sees what all before it in the
// group gave, as in a dense block.
#include "architectures/families.h"
#include "architectures/windows.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

const std::string kTable = "layers.0.swin1.attn.relative_position_bias_table";

Value group(Graph& graph, Windows& windows, const State& state, const std::string& at,
            const Value& tokens) {
    constexpr int kBlocks = 5;
    std::vector<Value> seen{tokens};
    for (int i = 1;; ++i) {
        const std::string number = std::to_string(i);
        Value x = tokens;
        if (i > 1) {
            x = graph.concat(seen, 3);
            x.channels = 0;
            for (const Value& part : seen) x.channels += part.channels;
        }
        x = windows.block(state, at + "swin" + number, x, i % 2 ? 0 : windows.side() / 2);
        // The authors' 1x1 convolutions are linear layers: tokens need not become a map.
        Tensor weight = state.at(at + "adjust" + number + ".weight");
        const Shape& shape = weight.shape;
        if (shape.size() != 4 || shape[1] != x.channels || shape[2] != 1 || shape[3] != 1)
            throw Error(Kind::model, "its dense connections do not fit their blocks");
        weight.shape.resize(2);
        x = graph.linear(x, weight, state.find(at + "adjust" + number + ".bias"));
        x.channels = int(weight.shape[0]);
        if (i == kBlocks) return graph.add(graph.times(x, 0.2f), tokens);
        seen.push_back(graph.leakyRelu(x, 0.2f));
    }
}

}  // namespace

bool fitsDrct(const State& state) {
    return state.has(kTable) && state.has("layers.0.adjust1.weight") &&
           state.has("layers.0.swin5.attn.qkv.weight") && state.has("layers.0.adjust5.weight");
}

Network buildDrct(const Source& source) {
    const State& state = source.state;
    const int side = windowSide(state, kTable);
    Graph graph;
    Windows windows(graph, graph.input(), side);
    const Normalisation normalisation(graph, 3, real(source.options, "img_range", 1, 1e-3, 1e5));
    const Value first =
        conv(graph, state, "conv_first", normalisation.in(graph, windows.picture()));
    const int layers = state.count("layers.#.swin1.norm1.weight");
    Value x =
        deepFeatures(graph, state, first, layers, [&](const Value& tokens, const std::string& at) {
            return group(graph, windows, state, at, tokens);
        });
    x = graph.add(residualConv(graph, state, "conv_after_body", x), first);
    x = windows.cut(normalisation.out(graph, shuffledUp(graph, state, x)));
    Network network =
        finish(graph, x, "DRCT",
               std::to_string(first.channels) + " channels, " + std::to_string(layers) +
                   " groups, windows of " + std::to_string(side));
    network.align = side;
    return network;
}

}  // namespace acuity::architectures
