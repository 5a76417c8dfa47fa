#include <algorithm>
#include <cmath>

#include "architectures/tensorflow_call.h"

namespace acuity::architectures {

namespace {

/// The tensor's axes in another order, as floats.
Tensor reordered(weights::Weights& arena, const Tensor& tensor, const std::array<int, 4>& order) {
    const std::vector<float> from = weights::floats(tensor);
    std::array<std::size_t, 4> steps{1, 1, 1, 1};
    for (int i = 2; i >= 0; --i) steps[i] = steps[i + 1] * std::size_t(tensor.shape[i + 1]);
    Shape shape;
    for (const int axis : order) shape.push_back(tensor.shape[axis]);
    std::vector<float> to(from.size());
    std::size_t at = 0;
    for (std::int64_t a = 0; a < shape[0]; ++a)
        for (std::int64_t b = 0; b < shape[1]; ++b)
            for (std::int64_t c = 0; c < shape[2]; ++c)
                for (std::int64_t d = 0; d < shape[3]; ++d)
                    to[at++] = from[a * steps[order[0]] + b * steps[order[1]] +
                                    c * steps[order[2]] + d * steps[order[3]]];
    return own(arena, shape, to);
}

/// A convolution's filter, checked, in another order of axes.
Tensor filter(const Call& call, weights::Weights& arena, const Tensor& tensor,
              const std::array<int, 4>& order) {
    if (tensor.shape.size() != 4 || weights::elements(tensor.shape) == 0)
        call.refuse("has a filter that is none");
    return reordered(arena, tensor, order);
}

}  // namespace

Item conv(const Call& call) {
    Item y = call.map();
    call.checkAxes(y);
    const bool depthwise = call.node.op != "Conv2D";
    weights::Weights arena;
    Tensor weight = depthwise ? filter(call, arena, call.constant(1), {2, 3, 0, 1})
                              : filter(call, arena, call.constant(1), {3, 2, 0, 1});
    const std::int64_t groups = depthwise ? weight.shape[0] : 1;
    if (depthwise) weight.shape = {groups * weight.shape[1], 1, weight.shape[2], weight.shape[3]};
    if (weight.shape[1] * groups != y.value.channels)
        call.refuse("has a filter for another number of channels");
    const int stride = call.spread("strides", y.axes, 8);
    const std::int64_t dilation = call.spread("dilations", y.axes, 64) * y.dilation;
    const bool same = call.same();
    const Value x = y.value;
    y.value = call.graph.node("Conv", {x, call.graph.constant(weight)},
                              {{"kernel_shape", Integers{weight.shape[2], weight.shape[3]}},
                               {"auto_pad", same ? "SAME_UPPER" : "VALID"},
                               {"strides", Integers(2, stride)},
                               {"dilations", Integers(2, dilation)},
                               {"group", groups}});
    y.value.channels = static_cast<int>(weight.shape[0]);
    y.value.scale = x.scale / stride;
    const auto widest = double(std::max(weight.shape[2], weight.shape[3]));
    y.value.reach = x.reach + double(dilation) * std::floor(widest / 2) / x.scale;
    for (int i = 0; i < 2; ++i) {
        const double span = double(dilation * (weight.shape[2 + i] - 1));
        y.extra[i] = same ? y.extra[i] / stride : (y.extra[i] - span - 1) / stride + 1;
    }
    return y;
}

Item deconv(const Call& call) {
    Item y = call.map(2);
    call.checkAxes(y);
    weights::Weights arena;
    const Tensor weight = filter(call, arena, call.constant(1), {3, 2, 0, 1});
    if (weight.shape[0] != y.value.channels)
        call.refuse("has a filter for another number of channels");
    const int stride = call.spread("strides", y.axes, 8);
    if (call.spread("dilations", y.axes, 8) != 1) call.refuse("is dilated");
    const bool same = call.same();
    Integers before(2), after(2), extra(2);
    for (std::size_t i = 0; i < 2; ++i) {
        const std::int64_t cut = weight.shape[2 + i] - stride;
        before[i] = same && cut > 0 ? cut / 2 : 0;
        after[i] = same && cut > 0 ? cut - before[i] : 0;
        extra[i] = std::max<std::int64_t>(-cut, 0);
        y.extra[i] = y.extra[i] * stride + double(same || cut < 0 ? 0 : cut);
    }
    const Value x = y.value;
    y.value = call.graph.node("ConvTranspose", {x, call.graph.constant(weight)},
                              {{"kernel_shape", Integers{weight.shape[2], weight.shape[3]}},
                               {"pads", Integers{before[0], before[1], after[0], after[1]}},
                               {"strides", Integers(2, stride)},
                               {"output_padding", extra}});
    y.value.channels = static_cast<int>(weight.shape[1]);
    y.value.scale = x.scale * stride;
    const auto widest = double(std::max(weight.shape[2], weight.shape[3]));
    y.value.reach = x.reach + std::ceil(widest / stride) / x.scale;
    return y;
}

Value beside(const Call& call, const Tensor& tensor, Axes axes, int channels) {
    Tensor full = tensor;
    if (tensor.shape.size() > 4 || weights::elements(tensor.shape) == 0)
        call.refuse("takes a constant of more than four axes, or of none");
    while (full.shape.size() < 4) full.shape.insert(full.shape.begin(), 1);
    weights::Weights arena;
    if (axes == Axes::nhw)
        full.shape.insert(full.shape.end(), 1), full.shape.erase(full.shape.begin());
    full = reordered(arena, full,
                     axes == Axes::nchw ? std::array{0, 1, 2, 3} : std::array{0, 3, 1, 2});
    const std::int64_t many = full.shape[1];
    if (full.shape[0] != 1 || full.shape[2] != 1 || full.shape[3] != 1 ||
        (many != 1 && many != channels))
        call.refuse("takes a constant that does not fit the picture's channels");
    return call.graph.constant(full);
}

}  // namespace acuity::architectures
