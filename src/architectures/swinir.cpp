// SwinIR (Liang et al., 2021): residual groups of Swin blocks. Four ends: classical (pixel shuffle
// in steps), lightweight (one pixel shuffle), real-world (nearest neighbour and convolutions), and
// none, for denoising and JPEG repair, where the network adds to its input.
#include "architectures/families.h"
#include "architectures/windows.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

const std::string kFirst = "layers.0.residual_group.blocks.0.";

/// The network's result, and what to call its end.
Value end(Graph& graph, const State& state, const Value& input, const Value& x, std::string& how) {
    if (state.has("conv_up1.weight")) {
        how = "nearest+conv";
        Value y = graph.leakyRelu(conv(graph, state, "conv_before_upsample.0", x), 0.01f);
        const int doublings = state.count("conv_up#.weight", 1);
        for (int i = 1; i <= doublings; ++i)
            y = graph.leakyRelu(
                conv(graph, state, "conv_up" + std::to_string(i), graph.nearest(y, 2)), 0.2f);
        y = graph.leakyRelu(conv(graph, state, "conv_hr", y), 0.2f);
        return conv(graph, state, "conv_last", y);
    }
    if (state.has("conv_before_upsample.0.weight")) {
        how = "pixelshuffle";
        return shuffledUp(graph, state, x);
    }
    if (state.has("upsample.0.weight")) {
        how = "pixelshuffledirect";
        const Value y = conv(graph, state, "upsample.0", x);
        const auto factor = shuffleFactor(y.channels, input.channels);
        if (!factor) throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
        return graph.pixelShuffle(y, *factor);
    }
    how = "no upsampler";
    return graph.add(input, conv(graph, state, "conv_last", x));
}

}  // namespace

bool fitsSwinIR(const State& state) {
    return state.has(kFirst + "attn.relative_position_bias_table") &&
           state.has(kFirst + "attn.qkv.weight") && state.has(kFirst + "norm1.weight") &&
           state.has("conv_first.weight") && state.any("conv_after_body.") &&
           (state.has("layers.0.conv.weight") || state.has("layers.0.conv.0.weight")) &&
           !state.any(kFirst + "conv_block.") &&
           !state.any("layers.0.residual_group.overlap_attn.");
}

Network buildSwinIR(const Source& source) {
    const State& state = source.state;
    const int side = windowSide(state, kFirst + "attn.relative_position_bias_table");
    const int colours = state.side("conv_first.weight", 1);
    if (state.has("absolute_pos_embed"))
        throw Error(Kind::model, "it has absolute positions, which allow one size of input only");
    if (colours != 1 && colours != 3)
        throw Error(Kind::model, "it is a SwinIR network of neither RGB nor grey");
    Graph graph;
    Windows windows(graph, colours == 3 ? graph.input() : luma(graph, Luma::full), side);
    // The authors' repairers of JPEG, and none but these, have windows of 7 (blocks are of 8) and
    // work on 0-255.
    const double range = real(source.options, "img_range", side == 7 ? 255 : 1, 1e-3, 1e5);
    const Normalisation normalisation(graph, colours, range);
    const Value input = normalisation.in(graph, windows.picture());
    const Value first = conv(graph, state, "conv_first", input);

    const int layers = state.count("layers.#.residual_group.blocks.0.norm1.weight");
    int blocks = 0;
    Value x = deepFeatures(graph, state, first, layers, [&](Value tokens, const std::string& at) {
        const Value before = tokens;
        const int depth = state.count(at + "residual_group.blocks.#.norm1.weight");
        for (int i = 0; i < depth; ++i, ++blocks)
            tokens = windows.block(state, at + "residual_group.blocks." + std::to_string(i), tokens,
                                   i % 2 ? side / 2 : 0);
        const Value map = residualConv(graph, state, at + "conv", mapOf(graph, tokens));
        return graph.add(tokensOf(graph, map), before);
    });
    x = graph.add(residualConv(graph, state, "conv_after_body", x), first);

    std::string how;
    x = windows.cut(normalisation.out(graph, end(graph, state, input, x, how)));
    if (colours == 1) x = coloured(graph, x, Luma::full);
    Network network = finish(graph, x, "SwinIR",
                             std::to_string(first.channels) + " channels, " +
                                 std::to_string(layers) + " groups, " + std::to_string(blocks) +
                                 " blocks, windows of " + std::to_string(side) + ", " + how);
    network.align = side;
    return network;
}

}  // namespace acuity::architectures
