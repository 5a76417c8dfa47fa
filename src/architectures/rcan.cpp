// RCAN (Zhang et al., "Very Deep Residual Channel Attention Networks", 2018): groups of residual
// blocks, each of which weighs its channels by their means over the whole input. Two sets of names:
//   original  head.0      body.G.body.B.body.0, .2                body.G.body.N  body.N
//             attention in body.G.body.B.body.3.conv_du.0, .2; tail.0.0, .2; tail.1
//   BasicSR   conv_first  body.G.residual_group.B.rcab.0, .2      body.G.conv    conv_after_body
//             attention in body.G.residual_group.B.rcab.3.attention.1, .3; upsample.0; conv_last
#include "architectures/layers.h"

namespace acuity::architectures {
namespace {

/// What a file calls the layers. Groups are "body.G", blocks "body.G" + group + "B" + block.
struct Names {
    std::string first, group, block, squeeze, excite, afterGroup, after, up, last;
    // Whether the convolution after the blocks, and that after the groups, is numbered as they are.
    bool numbered;

    std::string blockOf(int g, int b) const {
        return "body." + std::to_string(g) + group + std::to_string(b) + block;
    }
    int groups(const State& state) const { return state.largest("body.") + (numbered ? 0 : 1); }
    int blocks(const State& state, int g) const {
        return state.largest("body." + std::to_string(g) + group) + (numbered ? 0 : 1);
    }
};

bool isBasic(const State& state) {
    return state.has("body.0.residual_group.0.rcab.0.weight");
}

Names namesIn(const State& state) {
    if (isBasic(state))
        return {"conv_first", ".residual_group.", ".rcab.",     "3.attention.1", "3.attention.3",
                ".conv",      "conv_after_body",  "upsample.#", "conv_last",     false};
    const std::string after = "body." + std::to_string(state.largest("body."));
    return {"head.0", ".body.", ".body.",   "3.conv_du.0", "3.conv_du.2",
            ".body.", after,    "tail.0.#", "tail.1",      true};
}

Value attention(Graph& graph, const Layers& layers, const Value& x, const std::string& prefix,
                const Names& names) {
    const Value squeezed = graph.relu(layers.conv(graph.globalMean(x), prefix + names.squeeze));
    const Value weights = graph.sigmoid(layers.conv(squeezed, prefix + names.excite));
    return graph.product(x, weights);
}

}  // namespace

bool fitsRcan(const State& state) {
    // HAN is RCAN with attention of other kinds ("la", "csa") added.
    if (state.any("la.") || state.any("csa.")) return false;
    if (isBasic(state)) return state.has("conv_after_body.weight");
    return state.has("head.0.weight") && state.has("tail.1.weight") &&
           state.has("body.0.body.0.body.3.conv_du.0.weight") &&
           state.has(namesIn(state).after + ".weight");
}

Network buildRcan(const Source& source) {
    const State& state = source.state;
    const Names names = namesIn(state);
    const auto factor = float(real(source.options, "res_scale", 1, 0.001, 10));
    Graph graph;
    const Layers layers(graph, state);
    const Colours shifts = colours(source);
    const Value first = layers.conv(layers.enter(shifts), names.first);
    Value x = first;
    const int groups = names.groups(state);
    for (int g = 0; g < groups; ++g) {
        Value y = x;
        const int blocks = names.blocks(state, g);
        for (int b = 0; b < blocks; ++b) {
            const std::string prefix = names.blockOf(g, b);
            Value z = layers.conv(graph.relu(layers.conv(y, prefix + "0")), prefix + "2");
            z = attention(graph, layers, z, prefix, names);
            y = graph.sum(graph.times(z, factor), y);
        }
        std::string after = "body." + std::to_string(g) + names.afterGroup;
        if (names.numbered) after += std::to_string(blocks);
        x = graph.sum(layers.conv(y, after), x);
    }
    x = graph.sum(layers.conv(x, names.after), first);
    x = layers.leave(layers.shuffles(x, names.up), names.last, shifts);
    Network network =
        finish(graph, x, "RCAN",
               std::to_string(first.channels) + " channels, " + std::to_string(groups) +
                   " groups of " + std::to_string(names.blocks(state, 0)) + " blocks");
    network.global = true;
    return network;
}

}  // namespace acuity::architectures
