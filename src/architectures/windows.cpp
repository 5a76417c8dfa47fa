#include "architectures/windows.h"

#include <cmath>

#include "base/error.h"

namespace acuity::architectures {

namespace {

constexpr int kMostSide = 32;  // the tables of positions grow with its fourth power
constexpr std::int64_t kToFloat = 1;
constexpr float kBound = 60000;  // beyond any logit, and a number in half precision, too

[[noreturn]] void refuse(const std::string& prefix) {
    throw Error(Kind::model, "its weights \"" + prefix + "\" do not fit the network they stand in");
}

/// As it is, but of so many channels.
Value withChannels(Value x, int channels) {
    x.channels = channels;
    return x;
}

Value cast(Graph& graph, const Value& x, std::int64_t type) {
    return graph.node("Cast", {x}, {{"to", type}});
}

/// The side of a square number, 0 where it is none.
int rootOf(int square) {
    const int root = static_cast<int>(std::lround(std::sqrt(double(square))));
    return root * root == square ? root : 0;
}

}  // namespace

Value tokensOf(Graph& graph, const Value& map) {
    return withChannels(graph.transpose(map, {0, 2, 3, 1}), map.channels);
}

Value mapOf(Graph& graph, const Value& tokens) {
    return withChannels(graph.transpose(tokens, {0, 3, 1, 2}), tokens.channels);
}

Value linear(Graph& graph, const State& state, const std::string& prefix, const Value& x) {
    const Tensor& weight = state.at(prefix + ".weight");
    const Tensor* bias = state.find(prefix + ".bias");
    if (weight.shape.size() != 2 || weight.shape[1] != x.channels ||
        (bias && bias->shape != Shape{weight.shape[0]}))
        refuse(prefix);
    return withChannels(graph.linear(x, weight, bias), state.side(prefix + ".weight", 0));
}

Value norm(Graph& graph, const State& state, const std::string& prefix, const Value& x) {
    const Tensor& weight = state.at(prefix + ".weight");
    const Tensor* bias = state.find(prefix + ".bias");
    if (weight.shape != Shape{x.channels} || (bias && bias->shape != weight.shape)) refuse(prefix);
    return graph.layerNorm(x, weight, bias);
}

Value mlp(Graph& graph, const State& state, const std::string& prefix, const Value& x) {
    return linear(graph, state, prefix + ".fc2",
                  graph.gelu(linear(graph, state, prefix + ".fc1", x)));
}

Value conv(Graph& graph, const State& state, const std::string& prefix, const Value& x,
           Convolution how) {
    return graph.conv(x, state.at(prefix + ".weight"), state.find(prefix + ".bias"), how);
}

Value residualConv(Graph& graph, const State& state, const std::string& prefix, const Value& x) {
    if (state.has(prefix + ".weight")) return conv(graph, state, prefix, x);
    Value y = graph.leakyRelu(conv(graph, state, prefix + ".0", x), 0.2f);
    y = graph.leakyRelu(conv(graph, state, prefix + ".2", y), 0.2f);
    return conv(graph, state, prefix + ".4", y);
}

int windowSide(const State& state, const std::string& table) {
    const int root = rootOf(state.side(table, 0));
    if (root % 2 == 0 || root > 2 * kMostSide - 1) refuse(table);
    return (root + 1) / 2;
}

Windows::Windows(Graph& graph, const Value& picture, int side) : graph_(graph), side_(side) {
    if (side < 1 || side > kMostSide)
        throw Error(Kind::model, "its windows are of an unknown size");
    size_ = withChannels(graph.slice(graph.shapeOf(picture), 0, 2, 4), 0);
    const Value one = graph.integers({side});
    const Value counts = graph.div(graph.add(size_, graph.integers({side - 1})), one);
    rows_ = graph.slice(counts, 0, 0, 1);
    columns_ = graph.slice(counts, 0, 1, 2);
    height_ = graph.mul(rows_, one);
    width_ = graph.mul(columns_, one);
    picture_ = mirrored(mirrored(picture, 2), 3);
}

Value Windows::range(const Value& end) {
    const Value scalar = graph_.reshape(end, graph_.integers({}));
    return graph_.node("Range", {graph_.integer(0), scalar, graph_.integer(1)});
}

// Position i of the padded axis shows pixel |i| of a wave that runs to and fro over the picture.
Value Windows::mirrored(const Value& picture, int axis) {
    const Value length = graph_.slice(size_, 0, axis - 2, axis - 1);
    const Value twice = graph_.mul(graph_.sub(length, graph_.integers({1})), graph_.integers({2}));
    const Value period = graph_.node("Max", {twice, graph_.integers({1})});
    const Value there = graph_.node("Mod", {range(axis == 2 ? height_ : width_), period});
    const Value index = graph_.node("Min", {there, graph_.sub(period, there)});
    return withChannels(graph_.node("Gather", {picture, index}, {{"axis", std::int64_t(axis)}}),
                        picture.channels);
}

Value Windows::cut(const Value& enlarged) {
    const auto scale = static_cast<std::int64_t>(std::lround(enlarged.scale));
    const Value ends = graph_.mul(size_, graph_.integers({scale}));
    return withChannels(
        graph_.node("Slice", {enlarged, graph_.integers({0, 0}), ends, graph_.integers({2, 3})}),
        enlarged.channels);
}

Value Windows::shape(std::vector<Value> parts) {
    return withChannels(graph_.node("Concat", parts, {{"axis", std::int64_t(0)}}), 0);
}

// Rows of pixels in a window lie next to each other, so that only four axes are needed.
Value Windows::partition(const Value& tokens, int side) {
    const int row = side * tokens.channels;
    Value x = graph_.reshape(
        tokens, shape({rows_, graph_.integers({side}), columns_, graph_.integers({row})}));
    x = graph_.transpose(x, {0, 2, 1, 3});
    x = graph_.reshape(x, {-1, std::int64_t(side) * side, tokens.channels});
    return withChannels(x, tokens.channels);
}

Value Windows::reverse(const Value& windows) {
    const std::int64_t row = std::int64_t(side_) * windows.channels;
    Value x = graph_.reshape(
        windows, shape({rows_, columns_, graph_.integers({side_}), graph_.integers({row})}));
    x = graph_.transpose(x, {0, 2, 1, 3});
    x = graph_.reshape(
        x, shape({graph_.integers({1}), height_, width_, graph_.integers({windows.channels})}));
    return withChannels(x, windows.channels);
}

Value Windows::overlapping(const Value& tokens, int outer) {
    const std::int64_t margin = (outer - side_) / 2;
    Value x =
        graph_.node("Pad", {tokens, graph_.integers({0, margin, margin, 0, 0, margin, margin, 0})});
    // Pixel j of window i is pixel i * side + j.
    const Value within = graph_.reshape(range(graph_.integers({outer})), {1, -1});
    for (const int axis : {1, 2}) {
        const Value starts = graph_.mul(range(axis == 1 ? rows_ : columns_), graph_.integer(side_));
        const Value index =
            graph_.reshape(graph_.add(graph_.reshape(starts, {-1, 1}), within), {-1});
        x = graph_.node("Gather", {x, index}, {{"axis", std::int64_t(axis)}});
    }
    x = partition(withChannels(x, tokens.channels), outer);
    x.reach = tokens.reach + double(margin) / tokens.scale;
    return x;
}

Value Windows::roll(const Value& tokens, int by) {
    constexpr std::int64_t kEnd = INT64_MAX;
    if (by == 0) return tokens;
    Value x = tokens;
    for (const int axis : {1, 2}) {
        const Value left = graph_.slice(x, axis, by, kEnd), right = graph_.slice(x, axis, 0, by);
        x = graph_.node("Concat", {left, right}, {{"axis", std::int64_t(axis)}});
    }
    return withChannels(x, tokens.channels);
}

// Rolling brings opposite borders into one window. Along an axis there are three parts: what lies
// before the last window, its pixels up to the seam, and those beyond. The authors add -100 between
// them. Here the logits are bounded, which leaves as little: engines would join two sums and
// hold a bias for every window, head and layer.
const Value& Windows::mask(int by) {
    Value& found = masks_[by];
    if (!found.name.empty()) return found;
    const auto parts = [&](const Value& length) {
        const Value at = range(length);
        const auto beyond = [&](int fromEnd) {
            const Value start = graph_.sub(length, graph_.integers({fromEnd}));
            return cast(graph_, graph_.node("GreaterOrEqual", {at, start}), kToFloat);
        };
        return graph_.add(beyond(side_), beyond(by));
    };
    const Value down = graph_.reshape(graph_.times(parts(height_), 3), {-1, 1});
    const Value across = graph_.reshape(parts(width_), {1, -1});
    const Value part = partition(withChannels(graph_.add(down, across), 1), side_);
    const std::int64_t area = std::int64_t(side_) * side_;
    const Value same = graph_.node(
        "Equal", {graph_.reshape(part, {-1, 1, area, 1}), graph_.reshape(part, {-1, 1, 1, area})});
    // From 0 and 1 to -kBound and kBound.
    const Value bounds = graph_.times(cast(graph_, same, kToFloat), 2 * kBound);
    return found = withChannels(graph_.plus(bounds, -kBound), 0);
}

Value Windows::indices(int outer) {
    Value& found = indices_[outer];
    if (!found.name.empty()) return found;
    // The authors let negative indices count from the table's end; trained tables rely on it.
    const int sides = side_ + outer - 1, rows = sides * sides;
    const int centre = outer == side_ ? side_ - 1 : side_ - outer + 1;
    const int sign = outer == side_ ? 1 : -1;  // query - key, but key - query when they overlap
    std::vector<std::int64_t> values;
    values.reserve(std::size_t(side_) * side_ * outer * outer);
    for (int query = 0; query < side_ * side_; ++query)
        for (int key = 0; key < outer * outer; ++key) {
            const int dy = sign * (query / side_ - key / outer) + centre;
            const int dx = sign * (query % side_ - key % outer) + centre;
            values.push_back(((dy * sides + dx) % rows + rows) % rows);
        }
    return found = graph_.integers(values);
}

Value Windows::positionBias(const State& state, const std::string& table, int outer) {
    const Tensor& tensor = state.at(table);
    const std::int64_t sides = side_ + outer - 1;
    if (tensor.shape.size() != 2 || tensor.shape[0] != sides * sides) refuse(table);
    Value bias = graph_.node("Gather", {graph_.constant(tensor), indices(outer)},
                             {{"axis", std::int64_t(0)}});
    bias = graph_.transpose(bias, {1, 0});
    return graph_.reshape(
        bias, {1, tensor.shape[1], std::int64_t(side_) * side_, std::int64_t(outer) * outer});
}

Value Windows::attend(const Value& queries, const Value& keys, const Value& values, int heads,
                      const Value& bias, const Value* bound) {
    const int channels = queries.channels;
    if (heads < 1 || channels % heads != 0)
        throw Error(Kind::model, "its attention has heads that do not divide its channels");
    const std::int64_t depth = channels / heads;
    const auto apart = [&](const Value& x, const std::vector<std::int64_t>& order) {
        return graph_.transpose(graph_.reshape(x, {0, 0, heads, depth}), order);
    };
    const Value q = graph_.times(queries, float(1 / std::sqrt(double(depth))));
    Value logits = graph_.matmul(apart(q, {0, 2, 1, 3}), apart(keys, {0, 2, 3, 1}));
    logits = graph_.add(logits, bias);
    if (bound) logits = graph_.node("Min", {logits, *bound});
    Value x = graph_.matmul(graph_.softmax(logits, -1), apart(values, {0, 2, 1, 3}));
    x = graph_.reshape(graph_.transpose(x, {0, 2, 1, 3}), {0, 0, channels});
    return withChannels(x, channels);
}

Value Windows::selfAttention(const State& state, const std::string& prefix, const Value& tokens,
                             int shift) {
    const Value windows = partition(roll(tokens, shift));
    const Value qkv = linear(graph_, state, prefix + ".qkv", windows);
    const int channels = tokens.channels;
    if (qkv.channels != 3 * channels) refuse(prefix + ".qkv");
    auto parts = graph_.nodes("Split", {qkv, graph_.integers({channels, channels, channels})}, 3,
                              {{"axis", std::int64_t(-1)}});
    for (Value& part : parts) part.channels = channels;
    const std::string table = prefix + ".relative_position_bias_table";
    Value x = attend(parts[0], parts[1], parts[2], state.side(table, 1),
                     positionBias(state, table, side_), shift > 0 ? &mask(shift) : nullptr);
    x = roll(reverse(linear(graph_, state, prefix + ".proj", x)), -shift);
    x.reach = tokens.reach + (side_ - 1) / tokens.scale;
    return x;
}

Value Windows::block(const State& state, const std::string& prefix, const Value& tokens, int shift,
                     const std::function<Value(const Value&)>& beside) {
    const Value normed = norm(graph_, state, prefix + ".norm1", tokens);
    Value x = graph_.add(tokens, selfAttention(state, prefix + ".attn", normed, shift));
    if (beside) x = graph_.add(x, beside(normed));
    return graph_.add(
        x, mlp(graph_, state, prefix + ".mlp", norm(graph_, state, prefix + ".norm2", x)));
}

Normalisation::Normalisation(Graph& graph, int channels, double factor)
    : range(float(factor)), colour(channels == 3) {
    if (colour) mean = graph.constant({1, 3, 1, 1}, {0.4488f, 0.4371f, 0.4040f});
}

Value Normalisation::in(Graph& graph, const Value& x) const {
    return graph.times(colour ? graph.sub(x, mean) : x, range);
}

Value Normalisation::out(Graph& graph, const Value& x) const {
    const Value y = graph.times(x, 1 / range);
    return colour ? graph.add(y, mean) : y;
}

Value shuffledUp(Graph& graph, const State& state, const Value& x) {
    Value y = graph.leakyRelu(conv(graph, state, "conv_before_upsample.0", x), 0.01f);
    for (int i = 0; state.has("upsample." + std::to_string(i) + ".weight"); i += 2) {
        const int channels = y.channels;
        y = conv(graph, state, "upsample." + std::to_string(i), y);
        const auto factor = shuffleFactor(y.channels, channels);
        if (!factor) refuse("upsample." + std::to_string(i));
        y = graph.pixelShuffle(y, *factor);
    }
    return conv(graph, state, "conv_last", y);
}

Value deepFeatures(
    Graph& graph, const State& state, const Value& x, int layers,
    const std::function<Value(const Value& tokens, const std::string& prefix)>& layer) {
    Value tokens = tokensOf(graph, x);
    if (state.has("patch_embed.norm.weight"))
        tokens = norm(graph, state, "patch_embed.norm", tokens);
    for (int i = 0; i < layers; ++i) tokens = layer(tokens, "layers." + std::to_string(i) + ".");
    return mapOf(graph, norm(graph, state, "norm", tokens));
}

}  // namespace acuity::architectures
