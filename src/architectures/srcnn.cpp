// SRCNN (Dong et al., 2014): three convolutions over a bicubic enlargement. The enlargement is part
// of the graph here, so that it takes small pictures as all networks do.
#include <array>

#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

using Names = std::array<std::string, 3>;

const Names* layout(const State& state) {
    static const std::vector<Names> known{{"conv1", "conv2", "conv3"},
                                          {"features.0", "map.0", "reconstruction"},
                                          {"features.0", "map.0", "reconstruction.0"},
                                          {"extraction.0", "mapping.0", "reconstruction"},
                                          {"l1", "l2", "l3"}};
    for (const Names& names : known) {
        std::size_t tensors = 0;
        int layers = 0;
        for (const auto& name : names) {
            const Tensor* weight = state.find(name + ".weight");
            if (weight && weight->shape.size() == 4) ++layers;
            tensors += 1 + state.has(name + ".bias");
        }
        if (layers == 3 && tensors == state.tensors().size()) return &names;
    }
    return nullptr;
}

}  // namespace

bool fitsSrcnn(const State& state) {
    const Names* names = layout(state);
    // As many channels come out as go in: otherwise they are to be shuffled, as in ESPCN.
    return names &&
           state.at((*names)[0] + ".weight").shape[1] == state.at((*names)[2] + ".weight").shape[0];
}

Network buildSrcnn(const Source& source) {
    const State& state = source.state;
    const Names& names = *layout(state);
    const Luma range = lumaOf(source, Luma::studio);
    Graph graph;
    Value x = seen(graph, state.side(names[0] + ".weight", 1), range);
    x = graph.bicubic(x, scaleOf(source));
    x = graph.relu(conv(graph, state, x, names[0]));
    x = graph.relu(conv(graph, state, x, names[1]));
    x = conv(graph, state, x, names[2]);
    return finish(graph, shown(graph, x, range), "SRCNN",
                  std::to_string(state.side(names[0] + ".weight", 0)) + " and " +
                      std::to_string(state.side(names[1] + ".weight", 0)) + " channels");
}

}  // namespace acuity::architectures
