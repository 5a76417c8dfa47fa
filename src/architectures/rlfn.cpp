// RLFN (Kong et al., "Residual Local Feature Network", 2022): blocks of three convolutions and a
// spatial attention, a pixel shuffle at the end. It won the efficiency challenge of NTIRE 2022.
#include "architectures/pieces.h"

namespace acuity::architectures {

bool fitsRlfn(const State& state) {
    return state.has("conv_1.weight") && state.has("block_1.c1_r.weight") &&
           state.has("block_1.esa.conv1.weight") && state.has("upsampler.0.weight");
}

Network buildRlfn(const Source& source) {
    constexpr float kSlope = 0.05f;
    const State& state = source.state;
    const float range = rangeOf(source, 255);
    Graph graph;
    const Value first = conv(graph, state, graph.times(graph.input(), range), "conv_1");
    Value x = first;
    const int blocks = state.largest("block_");
    for (int i = 1; i <= blocks; ++i) {
        const std::string block = "block_" + std::to_string(i);
        Value y = x;
        for (const char* name : {".c1_r", ".c2_r", ".c3_r"})
            y = graph.leakyRelu(conv(graph, state, y, block + name), kSlope);
        y = conv(graph, state, graph.add(x, y), block + ".c5");
        x = spatialAttention(graph, state, y, block + ".esa");
    }
    x = graph.add(conv(graph, state, x, "conv_2"), first);
    x = conv(graph, state, x, "upsampler.0");
    x = graph.times(shuffledToRgb(graph, x), 1 / range);
    Network network =
        finish(graph, x, "RLFN",
               std::to_string(first.channels) + " channels, " + std::to_string(blocks) + " blocks");
    laidOverGrid(network);
    return network;
}

}  // namespace acuity::architectures
