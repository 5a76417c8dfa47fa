// LapSRN (Lai et al., 2017): each level doubles the size of the picture and of the features, and
// adds the detail found in these.
#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

constexpr float kSlope = 0.2f;

std::string level(const char* what, int i) {
    return std::string(what).append(std::to_string(i));
}

/// Doubles the size: kernels of 4, as all of this family's are.
Value doubled(Graph& graph, const State& state, const Value& x, const std::string& name) {
    const Tensor& weight = state.at(name + ".weight");
    if (weight.shape.size() != 4 || weight.shape[2] != 4 || weight.shape[3] != 4)
        throw Error(Kind::model, "its transposed convolutions are not of 4x4");
    return graph.deconv(x, weight, state.find(name + ".bias"), 2, 1);
}

/// Convolutions and, last, a transposed one; indices go up by two, as activations lie between.
Value features(Graph& graph, const State& state, Value x, const std::string& name) {
    constexpr int kMost = 200;
    const int last = state.largest(name + ".");
    if (last > kMost) throw Error(Kind::model, "it has more layers than any LapSRN");
    for (int i = 0; i < last; i += 2)
        x = graph.leakyRelu(conv(graph, state, x, name + "." + std::to_string(i)), kSlope);
    return graph.leakyRelu(doubled(graph, state, x, name + "." + std::to_string(last)), kSlope);
}

}  // namespace

bool fitsLapsrn(const State& state) {
    return state.has("conv_input.weight") && state.has("convt_I1.weight") &&
           state.has("convt_R1.weight") && state.has("convt_F1.0.cov_block.0.weight");
}

Network buildLapsrn(const Source& source) {
    const State& state = source.state;
    const Luma range = lumaOf(source, Luma::studio);
    int levels = 1;
    while (levels < 4 && state.has(level("convt_I", levels + 1) + ".weight")) ++levels;
    Graph graph;
    Value picture = seen(graph, state.side("conv_input.weight", 1), range);
    Value x = graph.leakyRelu(conv(graph, state, picture, "conv_input"), kSlope);
    for (int i = 1; i <= levels; ++i) {
        x = features(graph, state, x, level("convt_F", i) + ".0.cov_block");
        picture = graph.add(doubled(graph, state, picture, level("convt_I", i)),
                            conv(graph, state, x, level("convt_R", i)));
    }
    return finish(graph, shown(graph, picture, range), "LapSRN",
                  std::to_string(state.side("conv_input.weight", 0)) + " channels, " +
                      std::to_string(levels) + (levels == 1 ? " level" : " levels"));
}

}  // namespace acuity::architectures
