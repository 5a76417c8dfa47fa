// ESPCN (Shi et al., 2016): a few convolutions on the small picture and the first pixel shuffle.
// What activates its layers is not in the weights; each layout comes from a code whose choice is
// known.
#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

struct Layout {
    std::vector<std::string> layers;
    bool relu, sigmoid;  // between the layers (else tanh), and after the last
    Luma range;
};

const Layout* layout(const State& state) {
    static const std::vector<Layout> known{
        {{"first_part.0", "first_part.2", "last_part.0"}, false, false, Luma::studio},
        {{"part1.0", "part1.2", "part2.0"}, false, false, Luma::studio},
        {{"feature_maps.0", "feature_maps.2", "sub_pixel.0"}, false, false, Luma::studio},
        {{"conv1", "conv2", "conv3", "conv4"}, true, false, Luma::full},
        {{"conv1", "conv2", "conv3"}, false, true, Luma::full}};
    for (const Layout& one : known) {
        std::size_t tensors = 0, layers = 0;
        for (const auto& name : one.layers) {
            const Tensor* weight = state.find(name + ".weight");
            if (weight && weight->shape.size() == 4) ++layers;
            tensors += 1 + state.has(name + ".bias");
        }
        if (layers == one.layers.size() && tensors == state.tensors().size()) return &one;
    }
    return nullptr;
}

std::optional<int> factor(const State& state, const Layout& names) {
    return shuffleFactor(state.side(names.layers.back() + ".weight", 0),
                         state.side(names.layers.front() + ".weight", 1));
}

}  // namespace

bool fitsEspcn(const State& state) {
    const Layout* names = layout(state);
    return names && factor(state, *names).value_or(1) > 1;
}

Network buildEspcn(const Source& source) {
    const State& state = source.state;
    const Layout& names = *layout(state);
    const auto words = [](bool swapped, const std::string& a, const std::string& b) {
        return swapped ? std::vector<std::string>{b, a} : std::vector<std::string>{a, b};
    };
    const auto& options = source.options;
    const bool relu = choice(options, "activation", words(names.relu, "tanh", "relu")) == "relu";
    const bool sigmoid = choice(options, "end", words(names.sigmoid, "none", "sigmoid")) != "none";
    const Luma range = lumaOf(source, names.range);
    Graph graph;
    const int channels = state.side(names.layers.front() + ".weight", 1);
    Value x = seen(graph, channels, range);
    for (const auto& name : names.layers) {
        x = conv(graph, state, x, name);
        if (&name != &names.layers.back()) x = relu ? graph.relu(x) : graph.tanh(x);
    }
    x = graph.pixelShuffle(x, *factor(state, names));
    if (sigmoid) x = graph.sigmoid(x);
    return finish(graph, shown(graph, x, range), "ESPCN",
                  std::to_string(names.layers.size()) + " convolutions, " +
                      (relu ? "ReLU" : "tanh") + (sigmoid ? ", sigmoid" : ""));
}

}  // namespace acuity::architectures
