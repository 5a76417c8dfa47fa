// Real-CUGAN (bilibili, 2022): waifu2x's CUNet trained against degradations, x2, x3 and x4. The x4
// one works at twice the size and ends in a pixel shuffle over the repeated input; the "pro"
// weights count values from 0.15 to 0.85.
#include <algorithm>
#include <cctype>

#include "architectures/cunet.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

namespace {

constexpr float kProGain = 0.7f, kProOffset = 0.15f;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return text;
}

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

bool fitsCunet(const State& state) {
    return state.has("unet1.conv1.conv.0.weight") && state.has("unet2.conv_bottom.weight");
}

}  // namespace

bool isRealCugan(const Source& source) {
    const auto kind = source.options.find("kind");
    if (kind != source.options.end()) {
        if (kind->second != "cugan" && kind->second != "waifu2x")
            throw Error(Kind::usage, "--model-option kind takes cugan or waifu2x, not " +
                                         inQuotes(kind->second));
        return kind->second == "cugan";
    }
    // "up2x-latest-denoise3x.pth", "pro-conservative-up2x.pth"
    const std::string name = lower(source.fileName);
    return contains(name, "cugan") || contains(name, "up2x") || contains(name, "pro-");
}

bool fitsRealCugan(const State& state) {
    if (!fitsCunet(state)) return false;
    const Shape& bottom = state.at("unet1.conv_bottom.weight").shape;
    return state.has("pro") || state.has("conv_final.weight") ||
           (bottom.size() == 4 && bottom[2] == 5);
}

Network buildRealCugan(const Source& source) {
    const State& state = source.state;
    const bool x4 = state.has("conv_final.weight");
    const bool x3 = state.side("unet1.conv_bottom.weight", 2) == 5;
    const bool pro = number(source.options, "pro",
                            state.has("pro") || contains(lower(source.fileName), "pro-"), 0, 1);
    const double alpha = real(source.options, "alpha", 1, 0.1, 10);
    Graph graph(3);
    Value x = graph.input();
    if (pro) x = graph.plus(graph.times(x, kProGain), kProOffset);
    const Value whole = x;
    // What the U-Nets eat: 16 and, after the enlargement, 40 pixels; the last convolution 2 more.
    x = graph.pad(x, x4 ? 19 : x3 ? 14 : 18, "reflect");
    x = corrected(graph, state, firstUnet(graph, state, x), float(alpha));
    if (x4) {
        const Value y =
            graph.conv(x, state.at("conv_final.weight"), state.find("conv_final.bias"), {.pad = 0});
        x = graph.add(graph.pixelShuffle(graph.crop(y, 1), 2), graph.nearest(whole, 4));
    }
    if (pro) x = graph.times(graph.plus(x, -kProOffset), 1 / kProGain);
    std::string details = cunetDetails(state) + (pro ? ", pro" : "");
    if (alpha != 1) details += ", alpha " + source.options.at("alpha");
    Network network = finish(graph, x, "Real-CUGAN", details);
    network.align = x3 ? 4 : 2;
    network.global = true;
    return network;
}

}  // namespace acuity::architectures
