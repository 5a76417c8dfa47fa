// EDSR and MDSR (Lim et al., "Enhanced Deep Residual Networks", 2017): residual blocks without
// normalisation, and pixel shuffles. EDSR goes by two sets of names:
//   original  head.0      body.0.body.0, .2       body.N           tail.0.0, tail.0.2  tail.1
//   BasicSR   conv_first  body.0.conv1, .conv2    conv_after_body  upsample.0, .2      conv_last
// The latter's in MMagic ("upsample.0.upsample_conv") takes colours from 0 to 1, the others to 255.
// MDSR is the original with an entry and an exit for each of several factors in one file
// ("pre_process.0", "upsample.0.0"). How much a block adds is not in the file: EDSR of 256 channels
// was trained with a tenth.
#include "architectures/layers.h"
#include "base/error.h"

namespace acuity::architectures {
namespace {

/// What a file calls the layers.
struct Names {
    std::string first, one, two, after, up, last;
    int blocks = 0;
};

constexpr const char* kMmagicUp = "upsample.#.upsample_conv";

Names basicNames(const State& state) {
    const bool mmagic = state.has("upsample.0.upsample_conv.weight");
    return {"conv_first",
            ".conv1",
            ".conv2",
            "conv_after_body",
            mmagic ? kMmagicUp : "upsample.#",
            "conv_last",
            state.largest("body.") + 1};
}

Names originalNames(const State& state) {
    const int last = state.largest("body.");
    return {"head.0",   ".body.0", ".body.2", "body." + std::to_string(last),
            "tail.0.#", "tail.1",  last};
}

Value residual(Graph& graph, const Layers& layers, const Value& x, const std::string& one,
               const std::string& two, float factor) {
    const Value y = layers.conv(graph.relu(layers.conv(x, one)), two);
    return graph.sum(graph.times(y, factor), x);
}

// `entry`: the blocks of MDSR before the others, "pre_process.0."; nothing for EDSR.
Network network(const Source& source, const Names& names, const std::string& entry) {
    const State& state = source.state;
    Graph graph;
    const Layers layers(graph, state);
    const bool mmagic = names.up == kMmagicUp;
    const Colours shifts = colours(source, "", mmagic ? 1 : 255);
    const int features = state.side(names.first + ".weight", 0);
    const bool tenth = features >= 256 && entry.empty();
    const auto factor = float(real(source.options, "res_scale", tenth ? 0.1 : 1, 0.001, 10));
    Value first = layers.conv(layers.enter(shifts), names.first);
    const int entries = entry.empty() ? 0 : state.largest(entry) + 1;
    for (int i = 0; i < entries; ++i) {
        const std::string name = entry + std::to_string(i);
        first = residual(graph, layers, first, name + ".body.0", name + ".body.2", 1);
    }
    Value x = first;
    for (int i = 0; i < names.blocks; ++i) {
        const std::string name = "body." + std::to_string(i);
        x = residual(graph, layers, x, name + names.one, name + names.two, factor);
    }
    x = graph.sum(layers.conv(x, names.after), first);
    x = layers.leave(layers.shuffles(x, names.up, mmagic ? 1 : 2), names.last, shifts);
    return finish(
        graph, x, entry.empty() ? "EDSR" : "MDSR",
        std::to_string(features) + " channels, " + std::to_string(names.blocks) + " blocks");
}

bool isBasic(const State& state) {
    return state.has("conv_first.weight") && state.has("body.0.conv1.weight") &&
           state.has("body.0.conv2.weight") && state.has("conv_after_body.weight") &&
           state.has("conv_last.weight");
}

bool isOriginal(const State& state) {
    // Networks derived from EDSR put other things between the blocks.
    return state.has("head.0.weight") && state.has("body.0.body.0.weight") &&
           state.has("body.0.body.2.weight") && state.has(originalNames(state).after + ".weight");
}

}  // namespace

bool fitsEdsr(const State& state) {
    return isBasic(state) || (isOriginal(state) && state.has("tail.1.weight"));
}

Network buildEdsr(const Source& source) {
    const bool basic = isBasic(source.state);
    return network(source, basic ? basicNames(source.state) : originalNames(source.state), "");
}

bool fitsMdsr(const State& state) {
    return isOriginal(state) && state.has("pre_process.0.0.body.0.weight") &&
           state.has("upsample.0.0.weight");
}

Network buildMdsr(const Source& source) {
    Graph unused;
    const Layers layers(unused, source.state);
    std::vector<int> scales;
    const int exits = source.state.count("upsample.#.0.weight");
    for (int i = 0; i < exits; ++i)
        scales.push_back(layers.shuffleScale("upsample." + std::to_string(i) + ".#"));
    const int scale = chosenScale(source, scales);
    std::size_t chosen = 0;
    while (scales[chosen] != scale) ++chosen;
    Names names = originalNames(source.state);
    names.up = "upsample." + std::to_string(chosen) + ".#";
    names.last = "tail.0";
    return network(source, names, "pre_process." + std::to_string(chosen) + ".");
}

}  // namespace acuity::architectures
