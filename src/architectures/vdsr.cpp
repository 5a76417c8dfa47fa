// VDSR (Kim et al., 2016): some twenty convolutions find what a bicubic enlargement lacks. One
// network serves several factors.
#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

struct Names {
    std::string first, body, last;  // # in the body's is the layer's number
};

const Names* layout(const State& state) {
    static const std::vector<Names> known{{"input", "residual_layer.#.conv", "output"},
                                          {"conv1.0", "trunk.#.conv", "conv2"},
                                          {"conv_first", "trunk.#.conv", "conv_last"},
                                          {"conv_first", "trunk.#.0", "conv_last"},
                                          {"conv_first", "trunk.#", "conv_last"}};
    for (const Names& names : known) {
        const int body = state.count(names.body + ".weight");
        if (body == 0 || !state.has(names.first + ".weight") || !state.has(names.last + ".weight"))
            continue;
        const int biases = state.has(names.first + ".bias") + state.count(names.body + ".bias") +
                           state.has(names.last + ".bias");
        if (std::size_t(body + 2 + biases) == state.tensors().size()) return &names;
    }
    return nullptr;
}

}  // namespace

bool fitsVdsr(const State& state) {
    const Names* names = layout(state);
    if (!names) return false;
    const Shape& first = state.at(names->first + ".weight").shape;
    const Shape& last = state.at(names->last + ".weight").shape;
    return first.size() == 4 && last.size() == 4 && first[1] == last[0];
}

Network buildVdsr(const Source& source) {
    const State& state = source.state;
    const Names& names = *layout(state);
    const Luma range = lumaOf(source, Luma::studio);
    Graph graph;
    const Value large =
        graph.bicubic(seen(graph, state.side(names.first + ".weight", 1), range), scaleOf(source));
    Value x = graph.relu(conv(graph, state, large, names.first));
    const auto mark = names.body.find('#');
    const int layers = state.count(names.body + ".weight");
    for (int i = 0; i < layers; ++i) {
        std::string name = names.body;
        x = graph.relu(conv(graph, state, x, name.replace(mark, 1, std::to_string(i))));
    }
    x = graph.add(conv(graph, state, x, names.last), large);
    return finish(graph, shown(graph, x, range), "VDSR",
                  std::to_string(state.side(names.first + ".weight", 0)) + " channels, " +
                      std::to_string(layers + 2) + " convolutions");
}

}  // namespace acuity::architectures
