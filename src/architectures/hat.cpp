// HAT (Chen et al., 2023): Swin blocks with a convolution and channel attention beside each window
// attention, and after each group attention from windows to larger windows around them.
#include "architectures/families.h"
#include "architectures/windows.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

const std::string kGroup = "layers.0.residual_group.";

/// Two convolutions, then channels weighed by what the whole picture holds.
Value channelAttention(Graph& graph, const State& state, const std::string& prefix,
                       const Value& tokens) {
    Value x = conv(graph, state, prefix + ".0", mapOf(graph, tokens));
    x = conv(graph, state, prefix + ".2", graph.gelu(x));
    Value weight = conv(graph, state, prefix + ".3.attention.1", graph.globalMean(x));
    weight = conv(graph, state, prefix + ".3.attention.3", graph.relu(weight));
    return tokensOf(graph, graph.mul(x, graph.sigmoid(weight)));
}

Value overlappingAttention(Graph& graph, Windows& windows, const State& state,
                           const std::string& prefix, const Value& tokens, int outer) {
    const std::string table = prefix + ".relative_position_bias_table";
    const int channels = tokens.channels;
    const Value qkv =
        linear(graph, state, prefix + ".qkv", norm(graph, state, prefix + ".norm1", tokens));
    if (qkv.channels != 3 * channels)
        throw Error(Kind::model, "its overlapping attention does not fit its channels");
    const auto part = [&](const Value& x, int from, int to) {
        Value y = graph.slice(x, -1, std::int64_t(from) * channels, std::int64_t(to) * channels);
        y.channels = (to - from) * channels;
        return y;
    };
    const Value around = windows.overlapping(part(qkv, 1, 3), outer);
    Value x =
        windows.attend(windows.partition(part(qkv, 0, 1)), part(around, 0, 1), part(around, 1, 2),
                       state.side(table, 1), windows.positionBias(state, table, outer));
    x.reach += (windows.side() - 1) / tokens.scale;
    x = graph.add(windows.reverse(linear(graph, state, prefix + ".proj", x)), tokens);
    return graph.add(x,
                     mlp(graph, state, prefix + ".mlp", norm(graph, state, prefix + ".norm2", x)));
}

/// The side of the larger windows, from a table of (side + outer - 1)^2 rows.
int outerSide(const State& state, int side) {
    const int rows = state.side(kGroup + "overlap_attn.relative_position_bias_table", 0);
    for (int outer = side; outer <= 2 * side; outer += 2)
        if ((side + outer - 1) * (side + outer - 1) == rows) return outer;
    throw Error(Kind::model, "its overlapping windows are of an unknown size");
}

}  // namespace

bool fitsHat(const State& state) {
    return state.has(kGroup + "overlap_attn.relative_position_bias_table") &&
           state.has(kGroup + "blocks.0.attn.relative_position_bias_table") &&
           state.has(kGroup + "blocks.0.conv_block.cab.0.weight");
}

Network buildHat(const Source& source) {
    const State& state = source.state;
    const int side = windowSide(state, kGroup + "blocks.0.attn.relative_position_bias_table");
    const int outer = outerSide(state, side);
    const auto share = float(real(source.options, "conv_scale", 0.01, 0, 10));
    if (state.has("absolute_pos_embed"))
        throw Error(Kind::model, "it has absolute positions, which allow one size of input only");
    Graph graph;
    Windows windows(graph, graph.input(), side);
    const Normalisation normalisation(graph, 3, real(source.options, "img_range", 1, 1e-3, 1e5));
    const Value first =
        conv(graph, state, "conv_first", normalisation.in(graph, windows.picture()));

    const int layers = state.count("layers.#.residual_group.blocks.0.norm1.weight");
    int blocks = 0;
    Value x = deepFeatures(graph, state, first, layers, [&](Value tokens, const std::string& at) {
        const Value before = tokens;
        const int depth = state.count(at + "residual_group.blocks.#.norm1.weight");
        for (int i = 0; i < depth; ++i, ++blocks) {
            const std::string block = at + "residual_group.blocks." + std::to_string(i);
            tokens =
                windows.block(state, block, tokens, i % 2 ? side / 2 : 0, [&](const Value& normed) {
                    return graph.times(
                        channelAttention(graph, state, block + ".conv_block.cab", normed), share);
                });
        }
        tokens = overlappingAttention(graph, windows, state, at + "residual_group.overlap_attn",
                                      tokens, outer);
        const Value map = residualConv(graph, state, at + "conv", mapOf(graph, tokens));
        return graph.add(tokensOf(graph, map), before);
    });
    x = graph.add(residualConv(graph, state, "conv_after_body", x), first);
    x = windows.cut(normalisation.out(graph, shuffledUp(graph, state, x)));
    Network network =
        finish(graph, x, "HAT",
               std::to_string(first.channels) + " channels, " + std::to_string(layers) +
                   " groups, " + std::to_string(blocks) + " blocks, windows of " +
                   std::to_string(side) + " in " + std::to_string(outer));
    network.align = side;
    network.global = true;
    return network;
}

}  // namespace acuity::architectures
