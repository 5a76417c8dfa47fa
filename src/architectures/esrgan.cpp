// ESRGAN and Real-ESRGAN (Wang et al., 2018 and 2021): residual in residual dense blocks (RRDB),
// then nearest-neighbour steps of 2 with a convolution after each. Its layers go by three sets of
// names, which are brought together first:
//   old         model.0  model.1.sub.0.RDB1.conv1.0  model.1.sub.N  model.3 (each step)  model.8
//   new         conv_first  RRDB_trunk.0.RDB1.conv1  trunk_conv  upconv1  HRconv  conv_last
//   Real-ESRGAN conv_first  body.0.rdb1.conv1  conv_body  conv_up1  conv_hr  conv_last
// BSRGAN and RealSR use the new ones. Networks for small factors look at every 2x2 or 4x4 pixels as
// channels first. ESRGAN+ adds a 1x1 convolution to each dense block.
#include <algorithm>

#include "architectures/layers.h"

namespace acuity::architectures {
namespace {

constexpr float kSlope = 0.2f, kResidual = 0.2f;
constexpr int kDense = 3, kConvolutions = 5;

/// What a file calls the layers.
struct Names {
    std::string first, trunk, dense, inner, after, beforeLast, last;
    std::vector<std::string> up = {};

    /// Of the dense block `d` of block `b`, both from 0.
    std::string denseBlock(int b, int d) const {
        return trunk + std::to_string(b) + dense + std::to_string(d + 1);
    }
};

// The layers after the trunk go by their place in a sequence that counts activations too, and what
// repeats pixels before a convolution or shuffles them behind it.
void nameOldTail(const State& state, Names& names) {
    const auto place = [](int i) { return "model." + std::to_string(i); };
    const int tail = int(state.numbers("model.#.weight").size()) - 1;  // after model.0
    const int steps = std::max(0, tail - 2);
    const bool shuffled = steps > 0 && state.has("model.2.weight");
    for (int i = 1; i <= steps; ++i) names.up.push_back(place(shuffled ? 3 * i - 1 : 3 * i));
    names.beforeLast = place(3 * steps + 2);
    names.last = place(3 * steps + 4);
}

Names namesIn(const State& state) {
    Names names{"conv_first", "body.", ".rdb", "", "conv_body", "conv_hr", "conv_last"};
    std::string up = "conv_up";
    if (state.has("model.1.sub.0.RDB1.conv1.0.weight")) {
        names = {"model.0", "model.1.sub.", ".RDB", ".0", "", "", ""};
        names.after = "model.1.sub." + std::to_string(state.largest("model.1.sub."));
        nameOldTail(state, names);
        return names;
    }
    if (state.has("RRDB_trunk.0.RDB1.conv1.weight")) {
        names = {"conv_first", "RRDB_trunk.", ".RDB", "", "trunk_conv", "HRconv", "conv_last"};
        up = "upconv";
    }
    names.up = sequence(state, up + "#", 1, 1);
    return names;
}

bool isPlus(const State& state) {
    return std::any_of(state.tensors().begin(), state.tensors().end(), [](const auto& entry) {
        return entry.first.find(".conv1x1.") != std::string::npos;
    });
}

class Builder {
  public:
    explicit Builder(const Source& source)
        : source_(source),
          names_(namesIn(source.state)),
          unshuffle_(unshuffleOf()),
          plus_(isPlus(source.state)),
          graph_(source.state.side(names_.first + ".weight", 1) / (unshuffle_ * unshuffle_)),
          layers_(graph_, source.state) {}

    Network network() {
        const State& state = source_.state;
        const std::string one = names_.denseBlock(0, 0) + ".conv1" + names_.inner + ".weight";
        const int blocks = state.largest(names_.trunk) + (names_.inner.empty() ? 1 : 0);
        Value x = graph_.input();
        if (unshuffle_ > 1) x = graph_.pixelUnshuffle(x, unshuffle_);
        x = layers_.conv(x, names_.first);
        Value y = x;
        for (int b = 0; b < blocks; ++b) y = block(y, b);
        x = graph_.sum(x, layers_.conv(y, names_.after));
        for (const std::string& name : names_.up) x = enlarged(x, name);
        x = graph_.leakyRelu(layers_.conv(x, names_.beforeLast), kSlope);
        x = layers_.conv(x, names_.last);
        Network network =
            finish(graph_, x, "ESRGAN",
                   std::to_string(state.side(one, 1)) + " channels, growth " +
                       std::to_string(state.side(one, 0)) + ", " + std::to_string(blocks) +
                       " blocks" + (plus_ ? ", ESRGAN+" : "") +
                       (unshuffle_ > 1 ? ", pixel unshuffle " + std::to_string(unshuffle_) : ""));
        network.align = unshuffle_;
        return network;
    }

  private:
    // The side of the squares of pixels that become channels: 12 and 48 channels are 2x2 and 4x4.
    int unshuffleOf() const {
        const int inputs = source_.state.side(names_.first + ".weight", 1);
        const int outputs = source_.state.side(names_.last + ".weight", 0);
        return shuffleFactor(inputs, outputs).value_or(1);
    }

    Value dense(const Value& x, const std::string& name) {
        std::vector<Value> seen{x};
        for (int c = 1; c <= kConvolutions; ++c) {
            Value y = layers_.conv(c == 1 ? x : graph_.concat(seen),
                                   name + ".conv" + std::to_string(c) + names_.inner);
            if (c == kConvolutions) return graph_.sum(graph_.times(y, kResidual), x);
            y = graph_.leakyRelu(y, kSlope);
            if (plus_ && c == 2) y = graph_.sum(y, layers_.conv(x, name + ".conv1x1"));
            if (plus_ && c == 4) y = graph_.sum(y, seen[2]);
            seen.push_back(y);
        }
        return x;
    }

    Value block(const Value& x, int b) {
        Value y = x;
        for (int d = 0; d < kDense; ++d) y = dense(y, names_.denseBlock(b, d));
        return graph_.sum(graph_.times(y, kResidual), x);
    }

    // A step of 2; or of 3, which only the user or the file's name can tell from it. Few old
    // networks multiply channels for a pixel shuffle instead.
    Value enlarged(const Value& x, const std::string& name) {
        const int outputs = source_.state.side(name + ".weight", 0);
        const auto shuffle = shuffleFactor(outputs, x.channels);
        if (shuffle && *shuffle > 1)
            return graph_.leakyRelu(graph_.pixelShuffle(layers_.conv(x, name), *shuffle), kSlope);
        const int named = scaleInName(source_.fileName).value_or(2);
        const bool three = names_.up.size() == 1 && unshuffle_ == 1 &&
                           number(source_.options, "scale", named == 3 ? 3 : 2, 1, 16) == 3;
        return graph_.leakyRelu(layers_.conv(graph_.nearest(x, three ? 3 : 2), name), kSlope);
    }

    const Source& source_;
    const Names names_;
    const int unshuffle_;
    const bool plus_;
    Graph graph_;
    Layers layers_;
};

}  // namespace

bool fitsEsrgan(const State& state) {
    return state.has("model.1.sub.0.RDB1.conv1.0.weight") ||
           state.has("RRDB_trunk.0.RDB1.conv1.weight") || state.has("body.0.rdb1.conv1.weight");
}

Network buildEsrgan(const Source& source) {
    return Builder(source).network();
}

}  // namespace acuity::architectures
