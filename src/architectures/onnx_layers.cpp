#include "architectures/onnx_layers.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "architectures/graph.h"

namespace acuity::architectures::onnx {

namespace {

using Names = std::unordered_set<std::string_view>;
constexpr int kMostFactor = 16;

/// A Reshape's constant target, or an empty list.
Sides target(const Node& node, const File& file) {
    if (node.op != "Reshape" || !node.domain.empty() || node.inputs.size() != 2) return {};
    const auto found = file.constants.find(node.inputs[1]);
    if (found == file.constants.end()) return {};
    // No side is as long; what is no number at all becomes one that fits nothing.
    constexpr double kMost = 1e12;
    Sides all;
    for (const double value : values(found->second))
        all.push_back(static_cast<std::int64_t>(value >= -kMost ? std::min(value, kMost) : -kMost));
    return all;
}

/// Factor and channels of a shuffle from its three layers' numbers.
bool understand(const Sides& six, const Sides& order, const Sides& four, Shuffle& shuffle) {
    struct Form {
        Sides order;
        bool up, channelsFirst;
        int channels, rows, columns;  // places in the six sides
    };
    static const Form forms[] = {{{0, 1, 4, 2, 5, 3}, true, true, 1, 2, 3},
                                 {{0, 3, 4, 1, 5, 2}, true, false, 3, 1, 2},
                                 {{0, 1, 3, 5, 2, 4}, false, true, 1, 3, 5},
                                 {{0, 3, 5, 1, 2, 4}, false, false, 1, 3, 5}};
    for (const Form& form : forms) {
        if (order != form.order || six.size() != 6 || four.size() != 4) continue;
        const std::int64_t factor = six[form.rows];
        std::int64_t channels = six[form.channels];
        if (channels < 1 && form.up) channels = four[1];
        if (factor < 2 || factor > kMostFactor || six[form.columns] != factor || channels < 1 ||
            channels > 4096)
            continue;
        shuffle.factor = static_cast<int>(factor);
        shuffle.channels = static_cast<int>(channels);
        shuffle.up = form.up;
        shuffle.channelsFirst = form.channelsFirst;
        // The last Reshape must give the picture that a shuffle gives.
        const std::int64_t result = form.up ? channels : channels * factor * factor;
        if (four[1] > 0 && four[1] != result) continue;
        const std::size_t height = form.up ? 4 : 2, width = form.up ? 5 : 4;
        const auto sized = [&](std::int64_t before, std::int64_t after) {
            return before < 1 || after < 1 || after == (form.up ? before * factor : before);
        };
        if (sized(six[height], four[2]) && sized(six[width], four[3])) return true;
    }
    return false;
}

/// The constant first number of a Resize's or Upsample's factors in height.
std::optional<double> resizeFactor(const Node& node, const File& file) {
    for (std::size_t i = node.inputs.size(); i-- > 1;) {
        const auto found = file.constants.find(node.inputs[i]);
        if (found == file.constants.end()) continue;
        const auto factors = values(found->second);
        const bool isScales = node.op == "Upsample" || i == 1 || i == 2;
        if (factors.size() == 4 && isScales && factors[2] > 0) return factors[2];
    }
    return std::nullopt;
}

double stride(const Node& node) {
    return static_cast<double>(std::max<std::int64_t>(1, node.integer("strides", 1)));
}

}  // namespace

std::vector<Shuffle> findShuffles(const File& file) {
    std::unordered_map<std::string_view, std::size_t> maker;
    std::unordered_map<std::string_view, int> uses;
    for (const Node& node : file.nodes)
        for (const auto name : node.inputs) ++uses[name];
    for (const Declared& output : file.outputs) ++uses[output.name];
    const bool halves = std::any_of(
        file.initializers.begin(), file.initializers.end(),
        [](auto tensor) { return typeOf(tensor) != kFloat && typeOf(tensor) != kInt64; });
    std::vector<Shuffle> found;
    for (std::size_t i = 0; i < file.nodes.size(); ++i) {
        for (const auto name : file.nodes[i].outputs) maker[name] = i;
        const Sides four = target(file.nodes[i], file);
        if (four.size() != 4) continue;
        const auto middle = maker.find(file.nodes[i].inputs[0]);
        if (middle == maker.end() || uses[middle->first] != 1) continue;
        const Node& transpose = file.nodes[middle->second];
        if (transpose.op != "Transpose" || transpose.inputs.size() != 1) continue;
        const auto first = maker.find(transpose.inputs[0]);
        if (first == maker.end() || uses[first->first] != 1) continue;
        Shuffle shuffle{first->second, middle->second, i};
        const Sides six = target(file.nodes[first->second], file);
        if (!understand(six, transpose.integers("perm"), four, shuffle)) continue;
        // Its inverse is written with constants, whose type must be that of the values.
        if (shuffle.up || !shuffle.channelsFirst || !halves) found.push_back(shuffle);
    }
    return found;
}

std::string written(const Shuffle& shuffle, const File& file, int number) {
    const std::string name = "acuity/shuffle" + std::to_string(number);
    std::string x(file.nodes[shuffle.reshape].inputs[0]);
    const std::string result(file.nodes[shuffle.last].outputs[0]);
    const std::int64_t factor = shuffle.factor, area = factor * factor, channels = shuffle.channels;
    const Attributes block{{"blocksize", factor}};
    weights::Message fields;
    const auto constant = [&](int type, const Shape& shape, const auto& values) {
        const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                                     values.size() * sizeof values[0]);
        fields.message(5, tensorProto(name + "/constant", type, shape, bytes));
    };
    if (!shuffle.up && shuffle.channelsFirst) {
        // The engine's convolution after SpaceToDepth and a Gather is wrong (OpenVINO 2026.4): each
        // pixel of a block is picked by a convolution instead.
        std::vector<float> picks(std::size_t(channels * area * area));
        for (std::int64_t i = 0; i < channels * area; ++i) picks[i * area + i % area] = 1;
        constant(kFloat, {channels * area, 1, factor, factor}, picks);
        const std::vector<std::int64_t> sides(2, factor);
        return fields
            .message(1,
                     nodeProto("Conv", {x, name + "/constant"}, {result},
                               {{"kernel_shape", sides}, {"strides", sides}, {"group", channels}}))
            .str();
    }
    if (!shuffle.up)
        return fields.message(1, nodeProto("SpaceToDepth", {x}, {result}, block)).str();
    if (shuffle.channelsFirst && channels > 1) {
        // Since its first version, DepthToSpace counts blocks before channels.
        std::vector<std::int64_t> order;
        for (std::int64_t i = 0; i < area * channels; ++i)
            order.push_back(i % channels * area + i / channels);
        constant(kInt64, {area * channels}, order);
        fields.message(
            1, nodeProto("Gather", {x, name + "/constant"}, {name}, {{"axis", std::int64_t(1)}}));
        x = name;
    }
    return fields.message(1, nodeProto("DepthToSpace", {x}, {result}, block)).str();
}

std::optional<double> scaleBetween(const File& file, const std::vector<Shuffle>& shuffles,
                                   std::string_view input, std::string_view output) {
    std::unordered_map<std::string_view, double> scales{{input, 1}};
    std::unordered_map<std::size_t, const Shuffle*> shuffleAt;
    for (const Shuffle& shuffle : shuffles) shuffleAt[shuffle.last] = &shuffle;
    const auto scaleOf = [&](std::string_view name) {
        const auto known = scales.find(name);
        return known == scales.end() ? 0.0 : known->second;
    };
    for (std::size_t i = 0; i < file.nodes.size(); ++i) {
        const Node& node = file.nodes[i];
        double scale = 0;
        for (const auto name : node.inputs) scale = scale > 0 ? scale : scaleOf(name);
        if (const auto known = shuffleAt.find(i); known != shuffleAt.end()) {
            const Shuffle& s = *known->second;
            scale = scaleOf(file.nodes[s.reshape].inputs[0]) * (s.up ? s.factor : 1.0 / s.factor);
        } else if (!(scale > 0)) {
            continue;
        } else if (node.op == "Conv" || node.op == "MaxPool" || node.op == "AveragePool") {
            scale /= stride(node);
        } else if (node.op == "ConvTranspose") {
            scale *= stride(node);
        } else if (node.op == "DepthToSpace" || node.op == "SpaceToDepth") {
            const double block = double(std::max<std::int64_t>(1, node.integer("blocksize", 1)));
            scale *= node.op == "DepthToSpace" ? block : 1 / block;
        } else if (node.op == "Resize" || node.op == "Upsample") {
            scale *= resizeFactor(node, file).value_or(0);
        } else if (node.op == "Reshape" || node.op == "Shape" || node.op == "Flatten") {
            scale = 0;
        }
        if (scale > 0)
            for (const auto name : node.outputs) scales[name] = scale;
    }
    const double scale = scaleOf(output);
    return scale > 0 && std::isfinite(scale) ? std::optional(scale) : std::nullopt;
}

bool isKnown(const Node& node, const File& file) {
    return node.domain.empty() || node.domain == "com.microsoft" ||
           file.functionDomains.count(node.domain) > 0;
}

namespace {

/// Values that depend on nothing but the file.
Names constantValues(const File& file) {
    Names fixed;
    for (const auto& [name, tensor] : file.constants) fixed.insert(name);
    for (const Node& node : file.nodes)
        if (isKnown(node, file) &&
            std::all_of(node.inputs.begin(), node.inputs.end(),
                        [&](auto name) { return name.empty() || fixed.count(name); }))
            fixed.insert(node.outputs.begin(), node.outputs.end());
    return fixed;
}

/// Convolutions of 1 or 3 channels before which there is no other.
std::vector<std::size_t> firstConvolutions(const File& file, const Names& fixed) {
    Names after;  // values that a convolution took part in
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < file.nodes.size(); ++i) {
        const Node& node = file.nodes[i];
        bool behind = std::any_of(node.inputs.begin(), node.inputs.end(),
                                  [&](auto name) { return after.count(name) > 0; });
        if (node.op == "Conv" && node.domain.empty() && node.inputs.size() >= 2) {
            const auto weight = file.constants.find(node.inputs[1]);
            if (!behind && weight != file.constants.end() && !fixed.count(node.inputs[0])) {
                const Sides shape = sides(weight->second);
                if (shape.size() == 4 && (shape[1] == 1 || shape[1] == 3) &&
                    node.integer("group", 1) == 1)
                    found.push_back(i);
            }
            behind = true;
        }
        if (behind) after.insert(node.outputs.begin(), node.outputs.end());
    }
    return found;
}

Inner follow(const File& file, const std::vector<Shuffle>& shuffles, const Names& fixed,
             std::size_t first, std::size_t& size) {
    Inner inner;
    const Node& conv = file.nodes[first];
    inner.input = conv.inputs[0];
    const std::string_view weight = file.constants.at(conv.inputs[1]);
    inner.channels = static_cast<int>(sides(weight)[1]);
    inner.type = typeOf(weight);
    Names reached{conv.inputs[0]};
    std::vector<bool> within(file.nodes.size());
    std::unordered_set<std::size_t> lasts;
    for (const Shuffle& shuffle : shuffles) lasts.insert(shuffle.last);
    std::size_t last = first;
    size = 0;
    static const Names makesPixels{"Conv", "ConvTranspose", "DepthToSpace", "Resize", "Upsample"};
    for (std::size_t i = 0; i < file.nodes.size(); ++i) {
        const Node& node = file.nodes[i];
        if (!isKnown(node, file)) continue;
        int data = 0;
        bool closed = true;
        for (const auto name : node.inputs) {
            data += reached.count(name) > 0;
            closed = closed && (name.empty() || reached.count(name) || fixed.count(name));
        }
        if (data == 0 || !closed) continue;
        within[i] = true;
        ++size;
        reached.insert(node.outputs.begin(), node.outputs.end());
        const bool joins = data > 1 && (node.op == "Add" || node.op == "Sub");
        if (makesPixels.count(node.op) || joins || lasts.count(i)) last = i;
    }
    if (!file.nodes[last].outputs.empty()) inner.output = file.nodes[last].outputs[0];
    // Back from there: only what it needs.
    inner.kept.resize(file.nodes.size());
    Names needed{inner.output};
    for (std::size_t i = file.nodes.size(); i-- > 0;) {
        const Node& node = file.nodes[i];
        const bool wanted = std::any_of(node.outputs.begin(), node.outputs.end(),
                                        [&](auto name) { return needed.count(name) > 0; });
        const bool constant = !node.outputs.empty() && fixed.count(node.outputs[0]) > 0;
        if (!wanted || !(within[i] || constant)) continue;
        inner.kept[i] = true;
        needed.insert(node.inputs.begin(), node.inputs.end());
    }
    return inner;
}

}  // namespace

std::optional<Inner> findInner(const File& file, const std::vector<Shuffle>& shuffles) {
    constexpr std::size_t kMostTried = 16;
    const Names fixed = constantValues(file);
    auto firsts = firstConvolutions(file, fixed);
    firsts.resize(std::min(firsts.size(), kMostTried));
    std::optional<Inner> best;
    std::size_t most = 0, size = 0;
    for (const std::size_t first : firsts) {
        Inner inner = follow(file, shuffles, fixed, first, size);
        if (size <= most) continue;
        most = size;
        best = std::move(inner);
    }
    return best;
}

}  // namespace acuity::architectures::onnx
