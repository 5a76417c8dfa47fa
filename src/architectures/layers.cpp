#include "architectures/layers.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace acuity::architectures {
namespace {

constexpr std::array<float, 3> kMean{0.4488f, 0.4371f, 0.4040f};  // of DIV2K
constexpr double kMostRange = 65535;
constexpr int kMostScale = 16;

bool readShift(const State& state, const std::string& name, Colours::Shift& shift) {
    const Tensor* bias = state.find(name + ".bias");
    if (!bias) return false;
    const Tensor& weight = state.at(name + ".weight");
    if (weights::elements(weight.shape) != 9 || weights::elements(bias->shape) != 3)
        throw Error(Kind::model, "it is a network of other than three colours");
    const auto matrix = weights::floats(weight), offset = weights::floats(*bias);
    std::copy(matrix.begin(), matrix.end(), shift.matrix.begin());
    std::copy(offset.begin(), offset.end(), shift.offset.begin());
    return true;
}

[[noreturn]] void refuseShuffle() {
    throw Error(Kind::model, "its enlarging layers do not fit a pixel shuffle");
}

Tensor view(const std::vector<float>& values, Shape shape) {
    return {weights::Type::f32,
            std::move(shape),
            {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}};
}

}  // namespace

Colours colours(const Source& source, const std::string& suffix, float range) {
    Colours colours;
    const bool in = readShift(source.state, "sub_mean" + suffix, colours.in);
    const bool out = readShift(source.state, "add_mean" + suffix, colours.out);
    // A mean of colours is below 1 unless white is 255.
    const bool small = out && std::all_of(colours.out.offset.begin(), colours.out.offset.end(),
                                          [](float mean) { return std::abs(mean) <= 1; });
    colours.range = float(real(source.options, "range", small ? 1 : range, 1, kMostRange));
    for (std::size_t i = 0; i < kMean.size(); ++i) {
        if (!in) colours.in.offset[i] = -colours.range * kMean[i];
        if (!out) colours.out.offset[i] = colours.range * kMean[i];
    }
    return colours;
}

Value Layers::conv(const Value& x, const std::string& name, Convolution how) const {
    return graph_.conv(x, state_.at(name + ".weight"), state_.find(name + ".bias"), how);
}

Value Layers::grouped(const Value& x, const std::string& name) const {
    const int inputs = state_.side(name + ".weight", 1);
    return conv(x, name, {.groups = std::max(1, x.channels / inputs)});
}

Value Layers::shuffles(Value x, const std::string& pattern, int step) const {
    for (const std::string& name : sequence(state_, pattern, 0, step)) {
        const int channels = x.channels;
        x = conv(x, name);
        const auto factor = shuffleFactor(x.channels, channels);
        if (!factor) refuseShuffle();
        x = graph_.pixelShuffle(x, *factor);
    }
    return x;
}

int Layers::shuffleScale(const std::string& pattern, int step) const {
    int scale = 1;
    for (const std::string& name : sequence(state_, pattern, 0, step)) {
        const std::string weight = name + ".weight";
        const auto factor = shuffleFactor(state_.side(weight, 0), state_.side(weight, 1));
        if (!factor) refuseShuffle();
        scale = std::min(scale * *factor, kMostScale + 1);
    }
    return scale;
}

Value Layers::enter(const Colours& colours) const {
    std::vector<float> matrix(colours.in.matrix.begin(), colours.in.matrix.end());
    for (float& weight : matrix) weight *= colours.range;
    const std::vector<float> offset(colours.in.offset.begin(), colours.in.offset.end());
    const Tensor bias = view(offset, {3});
    return graph_.conv(graph_.input(), view(matrix, {3, 3, 1, 1}), &bias);
}

Value Layers::leave(const Value& x, const std::string& last, const Colours& colours) const {
    // One convolution: a matrix on its outputs is one on its weights.
    const Tensor& weight = state_.at(last + ".weight");
    const Tensor* bias = state_.find(last + ".bias");
    if (weight.shape.size() != 4 || weight.shape[0] != 3 ||
        (bias && weights::elements(bias->shape) != 3))
        throw Error(Kind::model, "it is a network of other than three colours");
    const auto before = weights::floats(weight);
    const auto beforeBias = bias ? weights::floats(*bias) : std::vector<float>(3);
    const std::size_t taps = before.size() / 3;
    std::vector<float> after(before.size()), afterBias(3);
    for (std::size_t i = 0; i < 3; ++i) {
        double sum = colours.out.offset[i];
        for (std::size_t j = 0; j < 3; ++j) {
            const float factor = colours.out.matrix[3 * i + j];
            sum += double(factor) * beforeBias[j];
            for (std::size_t k = 0; k < taps; ++k)
                after[i * taps + k] += factor * before[j * taps + k] / colours.range;
        }
        afterBias[i] = float(sum / colours.range);
    }
    const Tensor shifted = view(afterBias, {3});
    return graph_.conv(x, view(after, weight.shape), &shifted);
}

std::vector<std::string> sequence(const State& state, const std::string& pattern, int first,
                                  int step) {
    const auto place = pattern.find('#');
    std::vector<std::string> names(state.numbers(pattern + ".weight").size());
    for (std::string& name : names) {
        name = pattern.substr(0, place) + std::to_string(first) + pattern.substr(place + 1);
        first += step;
    }
    return names;
}

int chosenScale(const Source& source, const std::vector<int>& scales) {
    const auto has = [&](int scale) {
        return std::find(scales.begin(), scales.end(), scale) != scales.end();
    };
    const int asked = number(source.options, "scale", 0, 1, kMostScale);
    if (asked == 0) {
        const auto named = scaleInName(source.fileName);
        if (named && has(*named)) return *named;
        return has(4) ? 4 : *std::max_element(scales.begin(), scales.end());
    }
    if (has(asked)) return asked;
    std::string known;
    for (const int scale : scales) known += (known.empty() ? "x" : ", x") + std::to_string(scale);
    throw Error(Kind::usage, "it enlarges by " + known + " only, not by x" + std::to_string(asked));
}

}  // namespace acuity::architectures
