// DITN for real-world pictures (Liu et al., 2023, "DITN_Real"): in patches of 8, attention between
// channels (not between pixels), then attention by large kernels over the whole map; tanh in place
// of norms.
#include "architectures/families.h"
#include "architectures/windows.h"
#include "base/error.h"

namespace acuity::architectures {

namespace {

/// Patches [n, channels, side, side]; kernels end at the patch, as all convolutions here do that
/// work on patches.
class Ditn {
  public:
    Ditn(Graph& graph, const State& state, int side) : graph_(graph), state_(state), side_(side) {}

    /// Attention between the channels of a patch.
    Value inner(const std::string& prefix, const Value& x) {
        const std::int64_t area = std::int64_t(side_) * side_;
        const Value y = conv(graph_, state_, prefix + ".conv1", graph_.tanh(x));
        const int channels = y.channels;
        const Value flat = graph_.reshape(y, {0, channels, area});
        Value tokens = graph_.transpose(flat, {0, 2, 1});
        tokens.channels = channels;
        const Value qkv =
            graph_.transpose(linear(graph_, state_, prefix + ".attn.qkv", tokens), {0, 2, 1});
        const auto part = [&](int i) {
            return graph_.slice(qkv, 1, std::int64_t(i) * channels, (i + 1ll) * channels);
        };
        const Value q = unit(part(0)), k = graph_.transpose(unit(part(1)), {0, 2, 1});
        Tensor temperature = state_.at(prefix + ".attn.temperature");
        if (weights::elements(temperature.shape) != 1)
            throw Error(Kind::model, "its attention has more than one temperature");
        const Value logits = graph_.mul(graph_.matmul(q, k), graph_.constant(temperature));
        Value mixed = graph_.matmul(graph_.softmax(logits, -1), part(2));
        mixed = graph_.reshape(mixed, {0, channels, side_, side_});
        mixed.channels = channels;
        return graph_.add(x, conv(graph_, state_, prefix + ".attn.project_out", mixed));
    }

    /// A gate between two halves of a depthwise convolution.
    Value feedForward(const std::string& prefix, const Value& x) {
        Value y = conv(graph_, state_, prefix + ".conv2", graph_.tanh(x));
        y = conv(graph_, state_, prefix + ".ffn.project_in", y);
        y = conv(graph_, state_, prefix + ".ffn.dwconv", y, {.groups = y.channels});
        const auto [gate, open] = halves(y);
        y = graph_.mul(graph_.gelu(gate), open);
        return graph_.add(x, conv(graph_, state_, prefix + ".ffn.project_out", y));
    }

    /// Weighs every pixel by its surroundings.
    Value spatial(const std::string& prefix, const Value& x) {
        const std::string at = prefix + ".SDA.";
        Value y = conv(graph_, state_, prefix + ".conv1", graph_.tanh(x));
        const auto [seen, kept] = halves(conv(graph_, state_, at + "proj_first.0", y));
        y = conv(graph_, state_, at + "DConvs.0", seen, {.groups = seen.channels});
        y = conv(graph_, state_, at + "DConvs.1", y, {.dilation = 3, .groups = y.channels});
        y = conv(graph_, state_, at + "DConvs.2", y);
        y = conv(graph_, state_, at + "proj_last.0", graph_.mul(kept, y));
        return graph_.add(x, graph_.mul(y, graph_.constant(state_.at(at + "scale"))));
    }

  private:
    /// Of length 1 along the last axis, as PyTorch's normalize has it.
    Value unit(const Value& x) {
        const Value length =
            graph_.node("ReduceL2", {x},
                        {{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t(1)}});
        return graph_.div(x, graph_.node("Max", {length, graph_.scalar(1e-12f)}));
    }

    std::pair<Value, Value> halves(const Value& x) {
        if (x.channels % 2 != 0) throw Error(Kind::model, "its gates do not have two halves");
        const auto parts = graph_.split(x, {x.channels / 2, x.channels / 2});
        return {parts[0], parts[1]};
    }

    Graph& graph_;
    const State& state_;
    int side_;
};

}  // namespace

bool fitsDitn(const State& state) {
    return state.has("sft.weight") && state.has("UFONE.0.ITLs.0.attn.temperature") &&
           state.has("UFONE.0.ITLs.0.conv1.weight") && state.has("UFONE.0.SALs.0.SDA.scale");
}

Network buildDitn(const Source& source) {
    const State& state = source.state;
    const int side = number(source.options, "patch_size", 8, 2, 32);
    Graph graph;
    Windows windows(graph, graph.input(), side);
    Ditn ditn(graph, state, side);
    const Value first = conv(graph, state, "sft", windows.picture());
    const int channels = first.channels, units = state.count("UFONE.#.ITLs.0.attn.temperature");
    Value x = first;
    for (int unit = 0; unit < units; ++unit) {
        const std::string at = "UFONE." + std::to_string(unit) + ".";
        const double reach = x.reach + side - 1;  // whatever the layers do inside a patch
        x = graph.transpose(windows.partition(tokensOf(graph, x)), {0, 2, 1});
        x = graph.reshape(x, {0, channels, side, side});
        x.channels = channels;
        for (int i = 0; i < state.count(at + "ITLs.#.attn.temperature"); ++i) {
            const std::string layer = at + "ITLs." + std::to_string(i);
            x = ditn.feedForward(layer, ditn.inner(layer, x));
        }
        x = graph.reshape(x, {0, channels, std::int64_t(side) * side});
        x = graph.transpose(x, {0, 2, 1});
        x.channels = channels;
        x = mapOf(graph, windows.reverse(x));
        x.reach = reach;
        for (int i = 0; i < state.count(at + "SALs.#.SDA.scale"); ++i) {
            const std::string layer = at + "SALs." + std::to_string(i);
            x = ditn.feedForward(layer, ditn.spatial(layer, x));
        }
    }
    x = graph.add(conv(graph, state, "conv_after_body", x), first);
    x = conv(graph, state, "upsample.0", x);
    const auto factor = shuffleFactor(x.channels, 3);
    if (!factor) throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
    x = windows.cut(graph.pixelShuffle(x, *factor));
    Network network = finish(graph, x, "DITN",
                             std::to_string(channels) + " channels, " + std::to_string(units) +
                                 " units, patches of " + std::to_string(side));
    network.align = side;
    return network;
}

}  // namespace acuity::architectures
