#include "architectures/pieces.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

Value conv(Graph& graph, const State& state, const Value& x, const std::string& name,
           Convolution how) {
    return graph.conv(x, state.at(name + ".weight"), state.find(name + ".bias"), how);
}

Value shuffledToRgb(Graph& graph, const Value& x) {
    const auto scale = shuffleFactor(x.channels, 3);
    if (!scale) throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
    return graph.pixelShuffle(x, *scale);
}

Value spatialAttention(Graph& graph, const State& state, const Value& x, const std::string& name) {
    const auto layer = [&](const Value& value, const char* part, Convolution how = {}) {
        return conv(graph, state, value, name + "." + part, how);
    };
    const Value narrow = layer(x, "conv1");
    Value coarse = graph.maxPool(layer(narrow, "conv2", {.stride = 2, .pad = 0}), 7, 3);
    if (state.has(name + ".conv_max.weight")) {  // RFDN; RLFN found one convolution to suffice
        coarse = graph.relu(layer(coarse, "conv_max"));
        coarse = layer(graph.relu(layer(coarse, "conv3")), "conv3_");
    } else {
        coarse = layer(coarse, "conv3");
    }
    const Value mask = graph.add(graph.resizedLike(coarse, x), layer(narrow, "conv_f"));
    return graph.mul(x, graph.sigmoid(layer(mask, "conv4")));
}

void laidOverGrid(Network& network) {
    constexpr int kStep = 2 * 3, kEnough = 5 * kStep;  // the strides of convolution and pooling
    network.global = true;
    network.align = kStep;
    network.reach = std::min(kEnough, (network.reach + kStep - 1) / kStep * kStep);
}

int scaleOf(const Source& source) {
    const int named = scaleInName(source.fileName).value_or(0);
    const int scale = number(source.options, "scale", named, 1, 8);
    if (scale == 0)
        throw Error(Kind::usage,
                    "it does not tell by which factor it enlarges; say so with --model-option "
                    "scale=2, 3 or 4");
    return scale;
}

std::string choice(const Options& options, const std::string& name,
                   const std::vector<std::string>& words) {
    const auto found = options.find(name);
    if (found == options.end()) return words.front();
    if (std::find(words.begin(), words.end(), found->second) != words.end()) return found->second;
    std::string all;
    for (const auto& word : words) all += (all.empty() ? "" : " or ") + word;
    throw Error(Kind::usage,
                "--model-option " + name + " takes " + all + ", not " + inQuotes(found->second));
}

float rangeOf(const Source& source, int otherwise) {
    const auto words = otherwise == 255 ? std::vector<std::string>{"255", "1"}
                                        : std::vector<std::string>{"1", "255"};
    return choice(source.options, "range", words) == "255" ? 255 : 1;
}

Value seen(Graph& graph, int channels, Luma range) {
    if (channels != 1 && channels != 3)
        throw Error(Kind::model, "it takes pictures of " + std::to_string(channels) +
                                     " channels, where Acuity offers 1 or 3");
    return channels == 1 ? luma(graph, range) : graph.input();
}

Value shown(Graph& graph, const Value& y, Luma range) {
    return y.channels == 1 ? coloured(graph, y, range) : y;
}

Luma lumaOf(const Source& source, Luma otherwise) {
    const bool full = otherwise == Luma::full;
    const auto words = full ? std::vector<std::string>{"full", "studio"}
                            : std::vector<std::string>{"studio", "full"};
    return choice(source.options, "luma", words) == "full" ? Luma::full : Luma::studio;
}

}  // namespace acuity::architectures
