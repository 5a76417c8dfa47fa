// SPAN (Wan et al., "Swift Parameter-free Attention Network", 2023): blocks whose last convolution
// is its own attention. For training each convolution has branches beside it, which are one
// convolution in effect; files hold the branches, the one convolution ("eval_conv"), or both, of
// which the latter may be from an earlier time than the former.
#include "architectures/layers.h"
#include "base/error.h"

namespace acuity::architectures {
namespace {

constexpr int kMostChannels = 128;  // merging branches takes the third power of it
constexpr int kTaps = 9;            // 3x3

struct Merged {
    std::vector<float> weight, bias;  // [outputs, inputs, 3, 3], [outputs]
    int outputs = 0, inputs = 0;
};

/// Values of a tensor that must have this shape.
std::vector<float> values(const State& state, const std::string& name, const Shape& shape) {
    const Tensor& tensor = state.at(name);
    if (tensor.shape != shape)
        throw Error(Kind::model, "its weights '" + name + "' have an unexpected shape");
    return weights::floats(tensor);
}

// The branches "sk" (1x1) and "conv.0" to "conv.2" (1x1, 3x3, 1x1) as one 3x3 convolution. They are
// all linear, and the border is padded before the first, so that this is exact there too.
Merged merged(const State& state, const std::string& name) {
    const std::string first = name + ".conv.0.", middle = name + ".conv.1.",
                      last = name + ".conv.2.", skip = name + ".sk.";
    Merged result;
    const int inputs = result.inputs = state.side(first + "weight", 1);
    const int outputs = result.outputs = state.side(last + "weight", 0);
    const int m = state.side(first + "weight", 0), k = state.side(last + "weight", 1);
    for (const int side : {inputs, outputs, m, k})
        if (side > 2 * kMostChannels)
            throw Error(Kind::model, "it is a SPAN network of more than " +
                                         std::to_string(kMostChannels) + " channels");
    const auto w1 = values(state, first + "weight", {m, inputs, 1, 1});
    const auto w2 = values(state, middle + "weight", {k, m, 3, 3});
    const auto w3 = values(state, last + "weight", {outputs, k, 1, 1});
    const auto ws = values(state, skip + "weight", {outputs, inputs, 1, 1});
    const auto b1 = values(state, first + "bias", {m}), b2 = values(state, middle + "bias", {k});
    const auto b3 = values(state, last + "bias", {outputs});
    const auto bs = values(state, skip + "bias", {outputs});

    // Rows of `inputs` x 9 weights: first those of the 3x3 after the first 1x1, then the sum of
    // these that each output takes.
    const std::size_t row = std::size_t(inputs) * kTaps;
    std::vector<float> inner(k * row), innerBias(b2);
    for (int o = 0; o < k; ++o)
        for (int j = 0; j < m; ++j) {
            const float* taps = w2.data() + (std::size_t(o) * m + j) * kTaps;
            for (int i = 0; i < inputs; ++i) {
                float* to = inner.data() + o * row + std::size_t(i) * kTaps;
                const float factor = w1[std::size_t(j) * inputs + i];
                for (int t = 0; t < kTaps; ++t) to[t] += factor * taps[t];
            }
            for (int t = 0; t < kTaps; ++t) innerBias[o] += b1[j] * taps[t];
        }
    result.weight.resize(outputs * row);
    for (int o = 0; o < outputs; ++o) {
        float* to = result.weight.data() + o * row;
        float bias = b3[o] + bs[o];
        for (int j = 0; j < k; ++j) {
            const float factor = w3[std::size_t(o) * k + j];
            const float* from = inner.data() + j * row;
            for (std::size_t t = 0; t < row; ++t) to[t] += factor * from[t];
            bias += factor * innerBias[j];
        }
        for (int i = 0; i < inputs; ++i)
            to[i * kTaps + kTaps / 2] += ws[std::size_t(o) * inputs + i];
        result.bias.push_back(bias);
    }
    return result;
}

Value conv3(Graph& graph, const State& state, const Value& x, const std::string& name) {
    if (!state.any(name + ".sk.") && !state.any(name + ".conv."))
        return Layers(graph, state).conv(x, name + ".eval_conv");
    const Merged m = merged(state, name);
    const Tensor weight = weights::own(state.arena(), {m.outputs, m.inputs, 3, 3}, m.weight);
    const Tensor bias = weights::own(state.arena(), {m.outputs}, m.bias);
    return graph.conv(x, weight, &bias);
}

// The mean of the colours and their range, without "no_norm". Nothing is added back at the end.
Value normalized(Graph& graph, const State& state) {
    if (state.has("no_norm")) return graph.input();
    const Value mean = graph.constant({3, 1, 1}, {0.4488f, 0.4371f, 0.4040f});
    return graph.times(graph.sub(graph.input(), mean), 255);
}

}  // namespace

bool fitsSpan(const State& state) {
    return state.has("conv_cat.weight") && state.has("upsampler.0.weight") &&
           (state.has("block_1.c1_r.eval_conv.weight") || state.has("block_1.c1_r.sk.weight"));
}

Network buildSpan(const Source& source) {
    const State& state = source.state;
    Graph graph;
    const Layers layers(graph, state);
    const int blocks = state.largest("block_");
    const Value first = conv3(graph, state, normalized(graph, state), "conv_1");
    Value x = first, afterFirst, inLast;
    for (int i = 1; i <= blocks; ++i) {
        const std::string name = "block_" + std::to_string(i) + ".";
        inLast = graph.silu(conv3(graph, state, x, name + "c1_r"));
        Value y = graph.silu(conv3(graph, state, inLast, name + "c2_r"));
        y = conv3(graph, state, y, name + "c3_r");
        x = graph.product(graph.sum(y, x), graph.plus(graph.sigmoid(y), -0.5f));
        if (i == 1) afterFirst = x;
    }
    x = conv3(graph, state, x, "conv_2");
    x = layers.conv(graph.concat({first, x, afterFirst, inLast}), "conv_cat");
    x = layers.conv(x, "upsampler.0");
    const auto scale = shuffleFactor(x.channels, 3);
    if (!scale) throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
    return finish(graph, graph.pixelShuffle(x, *scale), "SPAN",
                  std::to_string(first.channels) + " channels, " + std::to_string(blocks) +
                      " blocks" + (state.has("no_norm") ? "" : ", normalised colours"));
}

}  // namespace acuity::architectures
