// SAFMN (Sun et al., "Spatially-Adaptive Feature Modulation", 2023), which weights features by what
// it sees on coarser grids, and the two networks its authors called SAFMN++ a year later.
#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

constexpr int kMostLevels = 6;

/// Normalises every pixel over its channels.
Value normalised(Graph& graph, const State& state, const Value& x, const std::string& name) {
    constexpr float kEpsilon = 1e-6f;
    const auto mean = [&](const Value& value) {
        Value y =
            graph.node("ReduceMean", {value},
                       {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t(1)}});
        y.channels = 1;
        return y;
    };
    const auto shaped = [&](const char* part) {
        Tensor tensor = state.at(name + part);
        if (tensor.shape != Shape{x.channels})
            throw Error(Kind::model, "its normalisations do not fit its channels");
        tensor.shape = {1, x.channels, 1, 1};
        return graph.constant(tensor);
    };
    const Value apart = graph.sub(x, mean(x));
    const Value deviation =
        graph.node("Sqrt", {graph.plus(mean(graph.mul(apart, apart)), kEpsilon)});
    return graph.add(graph.mul(graph.div(apart, deviation), shaped(".weight")), shaped(".bias"));
}

/// Each share of the channels is seen on a grid twice as coarse as the one before.
Value modulated(Graph& graph, const State& state, const Value& x, const std::string& name,
                int levels) {
    const auto shares = graph.split(x, std::vector<int>(std::size_t(levels), x.channels / levels));
    std::vector<Value> seen;
    for (int i = 0; i < levels; ++i) {
        const int step = 1 << i;
        Value y = i == 0 ? shares[0] : graph.maxPool(shares[std::size_t(i)], step, step);
        y = conv(graph, state, y, name + ".mfr." + std::to_string(i), {.groups = y.channels});
        seen.push_back(i == 0 ? y : graph.nearest(y, step));
    }
    return graph.mul(graph.gelu(conv(graph, state, graph.concat(seen), name + ".aggr")), x);
}

Value mixed(Graph& graph, const State& state, const Value& x, const std::string& first,
            const std::string& second) {
    return conv(graph, state, graph.gelu(conv(graph, state, x, first)), second);
}

/// SAFMN++: only the first channels are seen on a grid, of an eighth.
Value modulatedOnce(Graph& graph, const State& state, const Value& x, const std::string& name) {
    constexpr int kStep = 8;
    const Value y = conv(graph, state, x, name + ".proj");
    const int part = state.side(name + ".dwconv.weight", 0);
    if (part >= y.channels) throw Error(Kind::model, "its blocks do not fit together");
    const auto parts = graph.split(y, {part, y.channels - part});
    const Value coarse = conv(graph, state, graph.maxPool(parts[0], kStep, kStep), name + ".dwconv",
                              {.groups = part});
    const Value mask = graph.gelu(graph.resized(coarse, kStep, "linear"));
    const Value both = graph.concat({parts[1], graph.mul(mask, parts[0])});
    return conv(graph, state, graph.gelu(both), name + ".out");
}

/// The end that all have in common.
Network finished(Graph& graph, const Value& x, const std::string& family, int channels, int blocks,
                 int align) {
    Network network =
        finish(graph, x, family,
               std::to_string(channels) + " channels, " + std::to_string(blocks) + " blocks");
    // Grids start at the corner of a tile: tiles see what the whole sees when halo and step agree.
    network.align = align;
    network.reach = (network.reach + align - 1) / align * align;
    return network;
}

Value enlarged(Graph& graph, const State& state, const Value& x) {
    const Value y = conv(graph, state, x, "to_img.0");
    return shuffledToRgb(graph, y);
}

}  // namespace

bool fitsSafmn(const State& state) {
    return state.has("to_feat.weight") && state.has("feats.0.norm1.weight") &&
           state.has("feats.0.safm.mfr.0.weight") && state.has("to_img.0.weight");
}

Network buildSafmn(const Source& source) {
    const State& state = source.state;
    Graph graph;
    const Value first = conv(graph, state, graph.input(), "to_feat");
    const int blocks = state.largest("feats.") + 1;
    const int levels = state.largest("feats.0.safm.mfr.") + 1;
    if (levels < 1 || levels > kMostLevels || first.channels % levels != 0)
        throw Error(Kind::model, "its grids do not fit its channels");
    Value x = first;
    for (int i = 0; i < blocks; ++i) {
        const std::string name = "feats." + std::to_string(i);
        x = graph.add(modulated(graph, state, normalised(graph, state, x, name + ".norm1"),
                                name + ".safm", levels),
                      x);
        x = graph.add(mixed(graph, state, normalised(graph, state, x, name + ".norm2"),
                            name + ".ccm.ccm.0", name + ".ccm.ccm.2"),
                      x);
    }
    return finished(graph, enlarged(graph, state, graph.add(x, first)), "SAFMN", first.channels,
                    blocks, 1 << (levels - 1));
}

bool fitsSafmnPlus(const State& state) {
    return state.has("to_feat.weight") && state.has("feats.0.conv1.proj.weight") &&
           state.has("feats.0.conv1.dwconv.weight") && state.has("to_img.0.weight");
}

Network buildSafmnPlus(const Source& source) {
    constexpr int kAlign = 8;
    const State& state = source.state;
    // The network for real time (AIS 2024) adds its features once, that for efficiency (NTIRE 2024)
    // in every block, and the picture in the end; the names of one layer tell them apart.
    const bool light = state.has("feats.0.conv2.conv.0.weight");
    Graph graph;
    const Value first = conv(graph, state, graph.input(), "to_feat");
    const int blocks = state.largest("feats.") + 1;
    Value x = first;
    for (int i = 0; i < blocks; ++i) {
        const std::string name = "feats." + std::to_string(i);
        const std::string mixing = name + (light ? ".conv2.conv." : ".conv2.");
        const Value y = mixed(graph, state, modulatedOnce(graph, state, x, name + ".conv1"),
                              mixing + (light ? "0" : "conv1"), mixing + (light ? "2" : "conv2"));
        x = light ? y : graph.add(y, x);
    }
    if (light) x = graph.add(x, first);
    x = enlarged(graph, state, x);
    if (!light) x = graph.add(x, graph.resized(graph.input(), x.scale, "linear"));
    return finished(graph, x, "SAFMN++", first.channels, blocks, kAlign);
}

}  // namespace acuity::architectures
