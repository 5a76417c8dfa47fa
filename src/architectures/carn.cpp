// CARN and CARN-M (Ahn et al., "Cascading Residual Network", 2018): blocks that see all the blocks
// before them, inside and outside. CARN-M uses one residual block three times over, in groups of
// channels. A file may have exits for x2, x3 and x4.
#include "architectures/layers.h"
#include "base/error.h"

namespace acuity::architectures {
namespace {

constexpr int kSteps = 3;  // in a block

class Builder {
  public:
    explicit Builder(const Source& source)
        : source_(source), state_(source.state), layers_(graph_, state_) {}

    Network network() {
        const Colours shifts = colours(source_, ".shifter");
        const int blocks = state_.largest("c");
        Value x = layers_.conv(layers_.enter(shifts), "entry");
        const int channels = x.channels;
        x = cascade(x, "", blocks, [&](const Value& y, int i) { return block(y, i); });
        x = layers_.leave(enlarged(x), "exit", shifts);
        const bool mobile = !state_.any("b1.b2.");
        return finish(graph_, x, "CARN",
                      std::string(mobile ? "CARN-M, " : "") + std::to_string(channels) +
                          " channels, " + std::to_string(blocks) + " blocks");
    }

  private:
    // Each step sees the results of all before it, mixed by a 1x1 convolution.
    template <class Step>
    Value cascade(Value x, const std::string& prefix, int steps, Step step) {
        Value seen = x;
        for (int i = 1; i <= steps; ++i) {
            seen = graph_.concat({seen, step(x, i)});
            x = graph_.relu(layers_.conv(seen, prefix + "c" + std::to_string(i) + ".body.0"));
        }
        return x;
    }

    Value block(const Value& x, int index) {
        const std::string prefix = "b" + std::to_string(index) + ".";
        const bool shared = !state_.any(prefix + "b2.");
        return cascade(x, prefix, kSteps, [&](const Value& y, int i) {
            return residual(y, prefix + "b" + std::to_string(shared ? 1 : i) + ".body.");
        });
    }

    // Two or, in CARN-M, three convolutions.
    Value residual(const Value& x, const std::string& prefix) {
        Value y = graph_.relu(layers_.grouped(x, prefix + "0"));
        y = layers_.grouped(y, prefix + "2");
        if (state_.has(prefix + "4.weight")) y = layers_.conv(graph_.relu(y), prefix + "4");
        return graph_.relu(graph_.sum(x, y));
    }

    Value enlarged(const Value& x) {
        if (state_.any("upsample.up.")) return enlarged(x, "upsample.up.body.", 0);
        std::vector<int> scales;
        for (const int scale : {2, 3, 4})
            if (state_.any("upsample.up" + std::to_string(scale) + ".")) scales.push_back(scale);
        if (scales.empty()) throw Error(Kind::model, "it lacks the weights 'upsample.up.body.0'");
        const int scale = chosenScale(source_, scales);
        return enlarged(x, "upsample.up" + std::to_string(scale) + ".body.", scale);
    }

    // Convolutions that multiply channels for a pixel shuffle; or, in a later version, that follow
    // a repetition of pixels, by a factor that a lone one of them does not show.
    Value enlarged(Value x, const std::string& prefix, int scale) {
        const bool repeats = !state_.has(prefix + "0.weight");
        const auto names = sequence(state_, prefix + "#", repeats ? 1 : 0, 3);
        if (scale == 0) scale = scaleInName(source_.fileName).value_or(2);
        const bool three = names.size() == 1 && number(source_.options, "scale", scale, 1, 16) == 3;
        for (const std::string& name : names) {
            const int channels = x.channels;
            const auto factor = shuffleFactor(state_.side(name + ".weight", 0), channels);
            if (!factor) throw Error(Kind::model, "its enlarging layers do not fit one another");
            if (*factor == 1) x = graph_.nearest(x, three ? 3 : 2);
            x = graph_.relu(layers_.grouped(x, name));
            if (*factor > 1) x = graph_.pixelShuffle(x, *factor);
        }
        return x;
    }

    const Source& source_;
    const State& state_;
    Graph graph_;
    Layers layers_;
};

}  // namespace

bool fitsCarn(const State& state) {
    return state.has("entry.weight") && state.has("exit.weight") && state.has("c1.body.0.weight") &&
           state.has("b1.b1.body.0.weight");
}

Network buildCarn(const Source& source) {
    return Builder(source).network();
}

}  // namespace acuity::architectures
