// waifu2x (nagadomi, 2015-) as its PyTorch state dicts have it: CUNet (two U-Nets with
// squeeze-and-excitation, x1 and x2), UpConv7 (x2) and VGG7 (x1). No convolution adds a border:
// the graph mirrors as much as they eat.
#include <algorithm>
#include <cctype>

#include "architectures/cunet.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

namespace {

constexpr float kSlope = 0.1f;
constexpr Convolution kBare{.pad = 0};

Value conv(Graph& graph, const State& state, const std::string& name, const Value& x,
           Convolution how = kBare) {
    return graph.conv(x, state.at(name + ".weight"), state.find(name + ".bias"), how);
}

Value active(Graph& graph, const Value& x) {
    return graph.leakyRelu(x, kSlope);
}

/// Two convolutions, and channels weighed by what they hold on the whole.
Value block(Graph& graph, const State& state, const std::string& name, Value x) {
    x = active(graph, conv(graph, state, name + ".conv.0", x));
    x = active(graph, conv(graph, state, name + ".conv.2", x));
    const std::string weigh = name + ".seblock.conv";
    if (!state.has(weigh + "1.weight")) return x;
    Value mean = graph.globalMean(x);
    mean = graph.relu(conv(graph, state, weigh + "1", mean));
    return graph.mul(x, graph.sigmoid(conv(graph, state, weigh + "2", mean)));
}

Value down(Graph& graph, const State& state, const std::string& name, const Value& x) {
    return active(graph, conv(graph, state, name, x, {.stride = 2, .pad = 0}));
}

Value up(Graph& graph, const State& state, const std::string& name, const Value& x) {
    return active(graph,
                  graph.deconv(x, state.at(name + ".weight"), state.find(name + ".bias"), 2, 0));
}

/// The last layer: kernels of 3, 4 and 5 are a convolution and the enlargements by 2 and 3.
Value bottom(Graph& graph, const State& state, const std::string& name, const Value& x) {
    const int kernel = state.side(name + ".weight", 2);
    if (kernel == 3) return conv(graph, state, name, x);
    if (kernel != 4 && kernel != 5)
        throw Error(Kind::model, "its layer " + inQuotes(name) + " enlarges by no known factor");
    return graph.deconv(x, state.at(name + ".weight"), state.find(name + ".bias"),
                        kernel == 4 ? 2 : 3, kernel == 4 ? 3 : 2);
}

}  // namespace

Value firstUnet(Graph& graph, const State& state, const Value& x) {
    const Value fine = block(graph, state, "unet1.conv1", x);
    Value y = block(graph, state, "unet1.conv2", down(graph, state, "unet1.conv1_down", fine));
    y = graph.add(graph.crop(fine, 4), up(graph, state, "unet1.conv2_up", y));
    y = active(graph, conv(graph, state, "unet1.conv3", y));
    return bottom(graph, state, "unet1.conv_bottom", y);
}

Value corrected(Graph& graph, const State& state, const Value& x, float alpha) {
    const Value fine = block(graph, state, "unet2.conv1", x);
    const Value half =
        block(graph, state, "unet2.conv2", down(graph, state, "unet2.conv1_down", fine));
    Value y = block(graph, state, "unet2.conv3", down(graph, state, "unet2.conv2_down", half));
    y = graph.add(graph.crop(half, 4), up(graph, state, "unet2.conv3_up", y));
    y = graph.times(block(graph, state, "unet2.conv4", y), alpha);
    y = graph.add(graph.crop(fine, 16), up(graph, state, "unet2.conv4_up", y));
    y = active(graph, conv(graph, state, "unet2.conv5", y));
    return graph.add(bottom(graph, state, "unet2.conv_bottom", y), graph.crop(x, 20));
}

std::string cunetDetails(const State& state) {
    return std::to_string(state.side("unet2.conv2.conv.0.weight", 0)) + " to " +
           std::to_string(state.side("unet2.conv3.conv.0.weight", 0)) + " channels";
}

bool fitsCunet(const State& state) {
    return state.has("unet1.conv1.conv.0.weight") && state.has("unet1.conv_bottom.weight") &&
           state.has("unet2.conv4_up.weight") && state.has("unet2.conv_bottom.weight");
}

Network buildCunet(const Source& source) {
    if (isRealCugan(source)) return buildRealCugan(source);
    const State& state = source.state;
    const bool enlarges = state.side("unet1.conv_bottom.weight", 2) == 4;
    Graph graph(3);
    // What both eat: 16 and, after the enlargement, 40 pixels of height and width.
    Value x = graph.pad(graph.input(), enlarges ? 18 : 28, "reflect");
    x = graph.clip(firstUnet(graph, state, x), 0, 1);
    x = graph.clip(corrected(graph, state, x, 1), 0, 1);
    Network network = finish(graph, x, "waifu2x CUNet", cunetDetails(state));
    network.align = enlarges ? 2 : 4;
    network.global = true;
    return network;
}

bool fitsUpConv7(const State& state) {
    for (int i = 0; i <= 12; i += 2)
        if (!state.has("net." + std::to_string(i) + ".weight")) return false;
    const Shape &first = state.at("net.0.weight").shape, &last = state.at("net.12.weight").shape;
    return state.largest("net.") == 12 && first.size() == 4 && first[1] == 3 && last.size() == 4 &&
           (last[2] == 3 || (last[2] == 4 && last[1] == 3));
}

Network buildUpConv7(const Source& source) {
    const State& state = source.state;
    Graph graph(3);
    Value x = graph.pad(graph.input(), 7, "reflect");
    for (int i = 0; i < 12; i += 2)
        x = active(graph, conv(graph, state, "net." + std::to_string(i), x));
    x = graph.clip(bottom(graph, state, "net.12", x), 0, 1);
    return finish(graph, x, x.scale > 1 ? "waifu2x UpConv7" : "waifu2x VGG7",
                  "up to " + std::to_string(state.side("net.10.weight", 0)) + " channels");
}

}  // namespace acuity::architectures
