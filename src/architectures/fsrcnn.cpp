// FSRCNN (Dong et al., 2016): an hourglass of convolutions on the small picture and one transposed
// convolution at the end, whose stride is the factor and shows nowhere in the weights.
#include "architectures/pieces.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

struct Names {
    std::vector<std::string> parts;  // lists of convolutions and slopes
    std::string last;                // the transposed convolution
};

const Names* layout(const State& state) {
    static const std::vector<Names> known{
        {{"first_part", "mid_part"}, "last_part"},
        {{"feature_extraction", "shrink", "map", "expand"}, "deconv"},
        {{"feature_extraction", "shrink", "map", "expand"}, "deconvolution"}};
    for (const Names& names : known) {
        bool all = state.has(names.last + ".weight");
        for (const auto& part : names.parts) all = all && state.has(part + ".0.weight");
        if (all) return &names;
    }
    return nullptr;
}

/// Convolutions, each with what activates it: slopes if the next tensor holds some, else ReLU.
Value chain(Graph& graph, const State& state, Value x, const std::string& part) {
    constexpr int kMost = 200;
    const int last = state.largest(part + ".");
    if (last > kMost) throw Error(Kind::model, "it has more layers than any FSRCNN");
    for (int i = 0; i <= last; ++i) {
        const std::string name = part + "." + std::to_string(i);
        const Tensor* weight = state.find(name + ".weight");
        if (!weight || weight->shape.size() != 4) continue;
        x = conv(graph, state, x, name);
        const Tensor* slopes = state.find(part + "." + std::to_string(i + 1) + ".weight");
        x = slopes && slopes->shape.size() == 1 ? graph.prelu(x, *slopes) : graph.relu(x);
    }
    return x;
}

}  // namespace

bool fitsFsrcnn(const State& state) {
    return layout(state) != nullptr;
}

Network buildFsrcnn(const Source& source) {
    const State& state = source.state;
    const Names& names = *layout(state);
    const Luma range = lumaOf(source, Luma::studio);
    Graph graph;
    Value x = seen(graph, state.side(names.parts.front() + ".0.weight", 1), range);
    for (const auto& part : names.parts) x = chain(graph, state, x, part);
    const int scale = scaleOf(source), side = state.side(names.last + ".weight", 2);
    if (side % 2 == 0) throw Error(Kind::model, "its last layer has an even side");
    x = graph.deconv(x, state.at(names.last + ".weight"), state.find(names.last + ".bias"), scale,
                     side / 2, scale - 1);
    return finish(graph, shown(graph, x, range), "FSRCNN",
                  std::to_string(state.side(names.parts.front() + ".0.weight", 0)) + " channels");
}

}  // namespace acuity::architectures
