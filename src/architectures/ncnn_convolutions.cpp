// Layers of ncnn that slide a window, and the fully connected one.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "architectures/ncnn_layers.h"

namespace acuity::architectures::ncnn {
namespace {

using weights::elements;
using Ints = std::vector<std::int64_t>;

constexpr int kSameUpper = -233, kSameLower = -234;
constexpr int kMostKernel = 1024, kMostPad = 4096;

/// Along one axis.
struct Window {
    int kernel = 1, dilation = 1, stride = 1, before = 0, after = 0;
    std::int64_t extent() const { return std::int64_t(dilation) * (kernel - 1) + 1; }

    Side of(const Side& side) const {
        return side.map([&](std::int64_t n) {
            const std::int64_t room = n + before + after - extent();
            return room < 0 ? 0 : room / stride + 1;
        });
    }
    Side ofSame(const Side& side) const {
        return side.map([&](std::int64_t n) { return (n + stride - 1) / stride; });
    }
};

struct Windows {
    Window y, x;
    bool same = false;
    Attributes attributes;
};

std::string samePads(bool upper) {
    return upper ? "SAME_UPPER" : "SAME_LOWER";
}

/// Parameters 1-4 and 11-16 of convolutions.
Windows windows(const Task& t) {
    Windows w;
    w.x.kernel = t.number(1, 0, 1, kMostKernel);
    w.y.kernel = t.number(11, w.x.kernel, 1, kMostKernel);
    w.x.dilation = t.number(2, 1, 1, kMostKernel);
    w.y.dilation = t.number(12, w.x.dilation, 1, kMostKernel);
    w.x.stride = t.number(3, 1, 1, kMostKernel);
    w.y.stride = t.number(13, w.x.stride, 1, kMostKernel);
    w.attributes["kernel_shape"] = Ints{w.y.kernel, w.x.kernel};
    w.attributes["strides"] = Ints{w.y.stride, w.x.stride};
    w.attributes["dilations"] = Ints{w.y.dilation, w.x.dilation};
    const int pad = t.layer.integer(4);
    w.same = pad == kSameUpper || pad == kSameLower;
    if (w.same) {
        w.attributes["auto_pad"] = samePads(pad == kSameUpper);
        return w;
    }
    w.x.before = t.number(4, 0, 0, kMostPad);
    w.x.after = t.number(15, w.x.before, 0, kMostPad);
    w.y.before = t.number(14, w.x.before, 0, kMostPad);
    w.y.after = t.number(16, w.y.before, 0, kMostPad);
    w.attributes["pads"] = Ints{w.y.before, w.x.before, w.y.after, w.x.after};
    return w;
}

/// A flat blob counts as so many channels of one pixel.
Blob asMap(const Task& t) {
    if (t.x().rank() == 3) return t.x();
    if (t.x().rank() != 1) t.refuse("takes no blob of two axes");
    const std::int64_t channels = t.fixed(t.x().sides[0]);
    return {t.graph.reshape(t.x().value, {1, channels, 1, 1}), {channels, 1, 1}};
}

int groups(const Task& t, std::int64_t in, std::int64_t out) {
    const bool deep = t.layer.type.find("DepthWise") != std::string::npos;
    const int groups = deep ? t.number(7, 1, 1, 1 << 20) : 1;
    if (in % groups != 0 || out % groups != 0) t.refuse("has groups that do not fit its channels");
    return groups;
}

std::vector<Blob> convolution(const Task& t) {
    Blob x = asMap(t);
    Windows w = windows(t);
    const std::int64_t in = t.fixed(x.sides[0]), out = t.number(0, 0, 1, 1 << 20);
    const int group = groups(t, in, out);
    const Tensor weight = t.shaped(0, {out, in / group, w.y.kernel, w.x.kernel});
    std::vector<Value> inputs{x.value, t.graph.constant(weight)};
    if (t.layer.integer(5)) inputs.push_back(t.graph.constant(t.shaped(1, {out})));
    if (const float value = t.layer.real(18); value != 0 && !w.same) {
        const auto pads = std::get<Ints>(w.attributes["pads"]);
        inputs[0] = t.graph.node(
            "Pad", {x.value, t.graph.integers({0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]}),
                    t.graph.scalar(value)});
        w.attributes["pads"] = Ints{0, 0, 0, 0};
    }
    w.attributes["group"] = std::int64_t(group);
    Value y = t.graph.node("Conv", inputs, w.attributes);
    y.reach = x.value.reach + double(std::max(w.x.extent(), w.y.extent()) / 2) / x.value.scale;
    y = t.activated(y);
    if (t.x().rank() == 1) return {{t.graph.reshape(y, {1, out}), {out}}};
    return {{y,
             {out, w.same ? w.y.ofSame(x.sides[1]) : w.y.of(x.sides[1]),
              w.same ? w.x.ofSame(x.sides[2]) : w.x.of(x.sides[2])}}};
}

/// [groups, out, in, taps] to [groups, in, out, taps], whatever the elements are.
std::string swapped(const Tensor& weight, std::size_t groups, std::size_t out, std::size_t in,
                    std::size_t taps) {
    const std::size_t block = taps * weights::bytesOf(weight.type);
    std::string bytes(weight.bytes.size(), '\0');
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t o = 0; o < out; ++o)
            for (std::size_t i = 0; i < in; ++i)
                std::memcpy(&bytes[((g * in + i) * out + o) * block],
                            &weight.bytes[((g * out + o) * in + i) * block], block);
    return bytes;
}

std::vector<Blob> deconvolution(const Task& t) {
    const Blob x = asMap(t);
    Windows w = windows(t);
    const std::int64_t in = t.fixed(x.sides[0]), out = t.number(0, 0, 1, 1 << 20);
    const int group = groups(t, in, out);
    if (w.same || t.layer.integer(20) > 0 || t.layer.integer(21) > 0)
        t.refuse("computes its padding from its output, which Acuity does not");
    const int moreX = t.number(18, 0, 0, kMostPad), moreY = t.number(19, moreX, 0, kMostPad);
    const std::int64_t perIn = in / group, perOut = out / group;
    const Tensor stored = t.shaped(0, {group, perOut, perIn, w.y.kernel, w.x.kernel});
    const std::string bytes = swapped(stored, std::size_t(group), std::size_t(perOut),
                                      std::size_t(perIn), std::size_t(w.y.kernel * w.x.kernel));
    const Tensor weight{stored.type, {in, perOut, w.y.kernel, w.x.kernel}, bytes};
    std::vector<Value> inputs{x.value, t.graph.constant(weight)};
    if (t.layer.integer(5)) inputs.push_back(t.graph.constant(t.shaped(1, {out})));
    w.attributes["group"] = std::int64_t(group);
    w.attributes["output_padding"] = Ints{moreY, moreX};
    Value y = t.graph.node("ConvTranspose", inputs, w.attributes);
    y.reach = x.value.reach + std::max(std::ceil(double(w.x.extent()) / w.x.stride),
                                       std::ceil(double(w.y.extent()) / w.y.stride)) /
                                  x.value.scale;
    const auto enlarged = [](const Window& window, int more) {
        return [=](std::int64_t n) {
            const std::int64_t whole = (n - 1) * window.stride + window.extent() + more;
            return std::max<std::int64_t>(0, whole - window.before - window.after);
        };
    };
    return {{t.activated(y),
             {out, x.sides[1].map(enlarged(w.y, moreY)), x.sides[2].map(enlarged(w.x, moreX))}}};
}

std::vector<Blob> wholePooling(const Task& t, bool average, bool keep) {
    const Value& x = t.x().value;
    t.across(t.x(), {2, 3});
    Value y = t.graph.node(average ? "ReduceMean" : "ReduceMax", {x},
                           {{"axes", Ints{2, 3}}, {"keepdims", std::int64_t(keep)}});
    if (keep) return {{y, {t.x().sides[0], 1, 1}}};
    return {{y, {t.x().sides[0]}}};
}

std::vector<Blob> pooling(const Task& t) {
    t.rank(3, 3);
    const bool average = t.number(0, 0, 0, 1) == 1;
    if (t.layer.integer(4)) return wholePooling(t, average, false);
    if (t.layer.integer(7)) {
        const int width = t.layer.integer(8), height = t.layer.integer(18, width);
        if (width != 1 || height != 1) t.refuse("pools to a size of its own, not to one pixel");
        return wholePooling(t, average, true);
    }
    Windows w;
    w.x.kernel = t.number(1, 0, 1, kMostKernel);
    w.y.kernel = t.number(11, w.x.kernel, 1, kMostKernel);
    w.x.stride = t.number(2, 1, 1, kMostKernel);
    w.y.stride = t.number(12, w.x.stride, 1, kMostKernel);
    const int mode = t.number(5, 0, 0, 3);  // whole windows and rest, whole windows, same (2)
    w.same = mode >= 2;
    if (!w.same) {
        w.x.before = t.number(3, 0, 0, w.x.kernel - 1);
        w.x.after = t.number(14, w.x.before, 0, w.x.kernel - 1);
        w.y.before = t.number(13, w.x.before, 0, w.y.kernel - 1);
        w.y.after = t.number(15, w.y.before, 0, w.y.kernel - 1);
    }
    Attributes attributes{{"kernel_shape", Ints{w.y.kernel, w.x.kernel}},
                          {"strides", Ints{w.y.stride, w.x.stride}}};
    const bool all = average && t.layer.integer(6);  // the border counts as values
    if (average) attributes["count_include_pad"] = std::int64_t(all || w.same);
    if (w.same)
        attributes["auto_pad"] = samePads(mode == 2);
    else
        attributes["pads"] = Ints{w.y.before, w.x.before, w.y.after, w.x.after};
    if (mode == 0) attributes["ceil_mode"] = std::int64_t(1);
    const auto size = [&](const Window& window, const Side& side) {
        if (w.same) return window.ofSame(side);
        if (mode == 1) return window.of(side);
        const Side whole = side.map([&](std::int64_t n) {
            return (n + window.before + window.after - window.kernel) % window.stride == 0;
        });
        if (all) t.only(whole);  // a rest would count too, which ONNX does not say
        Window more = window;
        more.after += window.stride - 1;
        return more.of(side);
    };
    Value y = t.graph.node(average ? "AveragePool" : "MaxPool", {t.x().value}, attributes);
    y.reach = t.x().value.reach + double(std::max(w.x.kernel, w.y.kernel) / 2) / t.x().value.scale;
    return {{y, {t.x().sides[0], size(w.y, t.x().sides[1]), size(w.x, t.x().sides[2])}}};
}

std::vector<Blob> innerProduct(const Task& t) {
    const std::int64_t out = t.number(0, 0, 1, 1 << 24);
    if (!t.hasWeight(0)) t.refuse("has no weights");
    const auto in = std::int64_t(elements(t.layer.weights[0].shape)) / out;
    const Tensor weight = t.shaped(0, {out, in});
    Tensor bias;
    if (t.layer.integer(1)) bias = t.shaped(1, {out});
    const Tensor* added = t.layer.integer(1) ? &bias : nullptr;
    const Blob& x = t.x();
    if (x.rank() == 2 && x.sides[1].fixed() && x.sides[1][0] == in)  // each row by itself
        return {{t.activated(t.graph.linear(x.value, weight, added)), {x.sides[0], out}}};
    std::int64_t count = 1;
    for (const Side& side : x.sides) count *= t.fixed(side);
    if (count != in) t.refuse("has weights that do not fit its input");
    const Value flat = x.rank() == 1 ? x.value : t.graph.reshape(x.value, {1, count});
    return {{t.activated(t.graph.linear(flat, weight, added)), {out}}};
}

}  // namespace

void addConvolutions(Writers& writers) {
    writers["Convolution"] = {convolution};
    writers["ConvolutionDepthWise"] = {convolution};
    writers["Deconvolution"] = {deconvolution};
    writers["DeconvolutionDepthWise"] = {deconvolution};
    writers["Pooling"] = {pooling};
    writers["InnerProduct"] = {innerProduct};
}

}  // namespace acuity::architectures::ncnn
