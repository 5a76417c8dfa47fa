// SRVGGNetCompact (Real-ESRGAN, 2021): a chain of 3x3 convolutions with PReLU, a pixel shuffle, and
// the input repeated underneath. "realesr-animevideov3" and "realesr-general-x4v3" are such.
#include "architectures/families.h"
#include "base/error.h"

namespace acuity::architectures {

bool fitsCompact(const State& state) {
    return state.has("body.0.weight") && state.has("body.1.weight") &&
           state.at("body.0.weight").shape.size() == 4 &&
           state.at("body.1.weight").shape.size() == 1;
}

Network buildCompact(const Source& source) {
    const State& state = source.state;
    const int last = state.largest("body.");
    const auto name = [](int i, const char* what) { return "body." + std::to_string(i) + what; };
    Graph graph(state.side("body.0.weight", 1));
    Value x = graph.input();
    for (int i = 0; i < last; i += 2) {
        x = graph.conv(x, state.at(name(i, ".weight")), state.find(name(i, ".bias")));
        // The activation: PReLU where there are slopes, else what the authors offer as a choice.
        const Tensor* slopes = state.find(name(i + 1, ".weight"));
        x = slopes ? graph.prelu(x, *slopes) : graph.relu(x);
    }
    x = graph.conv(x, state.at(name(last, ".weight")), state.find(name(last, ".bias")));
    const auto scale = shuffleFactor(x.channels, graph.input().channels);
    if (!scale) throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
    x = graph.add(graph.pixelShuffle(x, *scale), graph.nearest(graph.input(), *scale));
    return finish(graph, x, "Compact",
                  std::to_string(state.side("body.0.weight", 0)) + " channels, " +
                      std::to_string(last / 2 - 1) + " convolutions");
}

}  // namespace acuity::architectures
