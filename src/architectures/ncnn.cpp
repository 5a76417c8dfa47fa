#include "architectures/ncnn.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "architectures/families.h"
#include "architectures/ncnn_layers.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {
namespace ncnn {
namespace {

using weights::NcnnModel;

constexpr int kColours = 3;

const Writers& writers() {
    static const Writers all = [] {
        Writers map;
        addConvolutions(map);
        addPointwise(map);
        addShapes(map);
        addResolution(map);
        addNorms(map);
        map["MemoryData"] = {[](const Task& t) -> std::vector<Blob> {
                                 Tensor data = t.layer.weights.at(0);
                                 const Shape sides = data.shape;
                                 if (sides.empty() || sides.size() > 3)
                                     t.refuse("holds a blob of no or four axes");
                                 data.shape.insert(data.shape.begin(), 1);
                                 return {{t.graph.constant(data), {sides.begin(), sides.end()}}};
                             },
                             0, 0};
        return map;
    }();
    return all;
}

/// A border and a multiple that the graph's input needs, and what it gives for that.
struct Fit {
    int scale = 1;
    int border = 0;            // repeated on all four sides
    int align = 1, phase = 0;  // the bordered sides modulo `align` are `phase`
    int cut = 0;               // output pixels on the left and top that are too many
    bool exact = true;         // whether no output pixels are too many on any side
    bool trivial() const { return border == 0 && exact; }
};

struct Traced {
    Blob output;
    Trace trace;
};

/// Channels, scale and plausibility of what a layer made.
void settle(const Task& task, Blob& blob) {
    constexpr double kMostElements = 3e10;  // 8000 for each of the first probe's pixels
    constexpr int kSpan = 96;               // a multiple of most steps in which sizes grow
    for (const Side& side : blob.sides)
        task.only(side.map([](std::int64_t n) { return std::int64_t(n > 0); }));
    double elements = 1;
    for (const Side& side : blob.sides) elements *= double(side[0]);
    if (elements > kMostElements) task.refuse("makes more values than memory holds");
    if (task.trace.fits.none()) task.refuse("fits no size of picture");
    blob.value.channels = 0;
    if (blob.rank() != 3) return;
    const Side &channels = blob.sides[0], &height = blob.sides[1];
    if (channels.fixed() && channels[0] <= 1 << 24) blob.value.channels = int(channels[0]);
    const std::int64_t rise = height[kSpan] - height[0];
    if (rise > 0) blob.value.scale = double(rise) / kSpan;
}

std::vector<Blob> written(const Task& task) {
    const auto found = writers().find(task.layer.type);
    if (found == writers().end()) task.refuse("is of a type that Acuity does not run");
    const auto& [write, least, most] = found->second;
    const int inputs = int(task.in.size());
    if (inputs < least || (inputs > most && (most > 0 || least == 0)))
        task.refuse("has " + std::to_string(inputs) + " inputs");
    std::vector<Blob> out = write(task);
    if (out.size() != task.layer.outputs.size())
        task.refuse("has " + std::to_string(task.layer.outputs.size()) + " outputs");
    for (Blob& blob : out) {
        for (const Blob& in : task.in)
            blob.value.reach = std::max(blob.value.reach, in.value.reach);
        settle(task, blob);
    }
    return out;
}

/// The blob that nobody takes; among several the one with a usual name.
std::string outputOf(const NcnnModel& model) {
    std::unordered_map<std::string, int> uses;
    for (const NcnnLayer& layer : model.layers)
        for (const std::string& blob : layer.inputs) ++uses[blob];
    std::vector<std::string> free;
    for (const NcnnLayer& layer : model.layers)
        for (const std::string& blob : layer.outputs)
            if (!uses.count(blob)) free.push_back(blob);
    if (free.size() == 1) return free.front();
    for (const char* name : {"output", "out0"})
        if (std::find(free.begin(), free.end(), name) != free.end()) return name;
    throw Error(Kind::model, "it is an ncnn graph with " + std::to_string(free.size()) +
                                 " outputs; Acuity runs those with one");
}

void checkInput(const NcnnModel& model) {
    int inputs = 0;
    for (const NcnnLayer& layer : model.layers) {
        if (layer.type != "Input") continue;
        ++inputs;
        const int channels = layer.integer(2);
        if (layer.outputs.size() != 1 || !layer.inputs.empty())
            throw Error(Kind::model, "its " + layer.called() + " is no picture's input");
        if (channels != 0 && channels != kColours)
            throw Error(Kind::model, "it takes " + std::to_string(channels) +
                                         " channels; Acuity runs ncnn graphs that take RGB");
    }
    if (inputs != 1)
        throw Error(Kind::model, "it is an ncnn graph with " + std::to_string(inputs) +
                                     " inputs; Acuity runs those with one picture");
}

/// Writes all layers after `input`.
Traced traced(Graph& graph, const Value& input, const NcnnModel& model) {
    std::unordered_map<std::string, int> uses;
    for (const NcnnLayer& layer : model.layers)
        for (const std::string& blob : layer.inputs) ++uses[blob];
    const std::string output = outputOf(model);
    ++uses[output];
    std::unordered_map<std::string, Blob> blobs;
    Traced result;
    for (const NcnnLayer& layer : model.layers) {
        Task task{graph, result.trace, layer, {}};
        for (const std::string& name : layer.inputs) {
            const auto found = blobs.find(name);
            if (found == blobs.end()) task.refuse("takes a blob that no layer before it makes");
            task.in.push_back(found->second);
            if (--uses[name] == 0) blobs.erase(found);
        }
        std::vector<Blob> out{
            {input, {kColours, Side::rising(Side::kHeight), Side::rising(Side::kWidth)}}};
        if (layer.type != "Input") out = written(task);
        for (std::size_t i = 0; i < out.size(); ++i)
            if (uses.count(layer.outputs[i])) blobs[layer.outputs[i]] = std::move(out[i]);
    }
    result.output = blobs.at(output);
    return result;
}

/// What the output loses of `scale` times the input, if that is the same for all sizes that are
/// `phase` modulo `align`.
std::optional<std::int64_t> loss(const Traced& t, int scale, int align, int phase) {
    std::optional<std::int64_t> lost;
    for (int i = 0; i < Side::kProbes; ++i) {
        if ((Side::kHeight + i) % align != phase) continue;
        if (!t.trace.fits[std::size_t(i)]) return std::nullopt;
        for (const int axis : {1, 2}) {
            const std::int64_t in = (axis == 1 ? Side::kHeight : Side::kWidth) + i;
            const std::int64_t less = scale * in - t.output.sides[std::size_t(axis)][i];
            if (lost && *lost != less) return std::nullopt;
            lost = less;
        }
    }
    return lost;
}

Fit fitted(const Traced& t) {
    const Blob& y = t.output;
    if (y.rank() != 3 || !y.sides[0].fixed() || y.sides[0][0] != kColours)
        throw Error(Kind::model, "its output is no RGB picture");
    constexpr int kMostScale = 16;
    Fit fit;
    fit.scale = int(std::lround(std::clamp(y.value.scale, 0.0, 1000.0)));
    if (std::abs(fit.scale - y.value.scale) > 1e-6 || fit.scale < 1 || fit.scale > kMostScale)
        throw Error(Kind::model, "it does not enlarge by a whole factor from 1 to 16");
    for (const int align : {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64})
        for (int phase = 0; phase < align; ++phase) {
            const auto lost = loss(t, fit.scale, align, phase);
            if (!lost || std::abs(*lost) > Side::kHeight) continue;
            fit.align = align;
            fit.phase = phase;
            const std::int64_t both = 2 * fit.scale;
            fit.border = *lost > 0 ? int((*lost + both - 1) / both) : 0;
            fit.cut = int(fit.scale * fit.border - *lost / 2);
            fit.exact = align == 1 && both * fit.border == *lost;
            return fit;
        }
    throw Error(Kind::model,
                "its output's size does not follow from its input's: it may be made "
                "for pictures of one size only");
}

/// Height and width of the graph's input: int64 [2].
Value inputSize(Graph& graph) {
    return graph.slice(graph.shapeOf(graph.input()), 0, 2, 4);
}

/// The input with its border repeated, so that its sides are what the network wants.
Value bordered(Graph& graph, const Fit& fit) {
    const Value border = graph.integers({fit.border, fit.border});
    Value after = border;
    if (fit.align > 1) {
        const std::int64_t more = 2 * fit.border - fit.phase;
        const Value size = graph.add(inputSize(graph), graph.integers({more, more}));
        const Value missing =
            graph.node("Mod", {graph.node("Neg", {size}), graph.integers({fit.align, fit.align})});
        after = graph.add(border, missing);
    }
    const Value none = graph.integers({0, 0});
    Value x = graph.node("Pad", {graph.input(), graph.concat({none, border, none, after}, 0)},
                         {{"mode", "edge"}});
    x.channels = kColours;
    return x;
}

/// Exactly `scale` times the input out of the middle.
Value cut(Graph& graph, const Value& y, const Fit& fit) {
    const Value from = graph.integers({fit.cut, fit.cut});
    const Value size = graph.mul(inputSize(graph), graph.integers({fit.scale, fit.scale}));
    Value x = graph.node("Slice", {y, from, graph.add(from, size), graph.integers({2, 3})});
    x.channels = kColours;
    return x;
}

std::string details(const NcnnModel& model) {
    const auto count = std::count_if(model.layers.begin(), model.layers.end(), [](const auto& l) {
        return l.type.find("onvolution") != std::string::npos;
    });
    return std::to_string(model.layers.size()) + " layers, " + std::to_string(count) +
           " convolutions";
}

}  // namespace
}  // namespace ncnn

Network fromNcnn(const weights::NcnnModel& model, const Options&, const std::string&) {
    using namespace ncnn;
    checkInput(model);
    Graph plain;
    Traced result = traced(plain, plain.input(), model);
    const Fit fit = fitted(result);
    Network network;
    if (fit.trivial()) {
        network = finish(plain, result.output.value, "ncnn", details(model));
    } else {
        // Once more behind a border, which nobody knew before.
        plain = Graph();
        Graph graph;
        result = traced(graph, bordered(graph, fit), model);
        const Value& whole = result.output.value;
        network = finish(graph, fit.exact ? whole : cut(graph, whole, fit), "ncnn", details(model));
    }
    network.align = fit.align;
    network.global = result.trace.global;
    return network;
}

}  // namespace acuity::architectures
