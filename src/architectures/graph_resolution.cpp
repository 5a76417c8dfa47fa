// What of Graph changes the resolution: shuffles, resizing, pooling.
#include <cmath>

#include "architectures/graph.h"
#include "base/error.h"

namespace acuity::architectures {

using weights::Type;

namespace {

// Keys' cubic kernel with a = -0.5.
double keys(double x) {
    x = std::abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
    return 0;
}

}  // namespace

std::vector<float> bicubicTaps(int factor) {
    std::vector<float> taps;
    for (int i = 0; i < factor; ++i)
        for (int j = 0; j < factor; ++j) {
            const double dy = (i + 0.5) / factor - 0.5, dx = (j + 0.5) / factor - 0.5;
            for (int y = -2; y <= 2; ++y)
                for (int x = -2; x <= 2; ++x) taps.push_back(float(keys(y - dy) * keys(x - dx)));
        }
    return taps;
}

Value Graph::pixelShuffle(const Value& x, int factor) {
    if (factor < 1 || x.channels % (factor * factor) != 0)
        throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
    Value y = node("DepthToSpace", {x}, {{"blocksize", std::int64_t(factor)}, {"mode", "CRD"}});
    y.channels = x.channels / (factor * factor);
    y.scale = x.scale * factor;
    return y;
}

Value Graph::pixelUnshuffle(const Value& x, int factor) {
    // A convolution that picks each pixel of a square. SpaceToDepth orders blocks before channels,
    // and OpenVINO 2026.4 does not put them right by a Gather behind it.
    const int area = factor * factor;
    std::vector<float> picks(std::size_t(x.channels) * area * area);
    for (int c = 0; c < x.channels; ++c)
        for (int i = 0; i < area; ++i) picks[(std::size_t(c) * area + i) * area + i] = 1;
    const Tensor weight{Type::f32,
                        {std::int64_t(x.channels) * area, 1, factor, factor},
                        {reinterpret_cast<const char*>(picks.data()), picks.size() * 4}};
    Value y = conv(x, weight, nullptr, {.stride = factor, .pad = 0, .groups = x.channels});
    y.reach = x.reach + (factor - 1) / x.scale;
    return y;
}

Value Graph::nearest(const Value& x, int factor) {
    Value none;  // an empty name: an input left out
    Value y = node("Resize", {x, none, constant({4}, {1, 1, float(factor), float(factor)})},
                   {{"mode", "nearest"},
                    {"coordinate_transformation_mode", "asymmetric"},
                    {"nearest_mode", "floor"}});
    y.scale = x.scale * factor;
    return y;
}

Value Graph::resized(const Value& x, double factor, const std::string& mode) {
    Value none;
    Value y = node("Resize", {x, none, constant({4}, {1, 1, float(factor), float(factor)})},
                   {{"mode", mode},
                    {"coordinate_transformation_mode", "half_pixel"},
                    {"cubic_coeff_a", -0.75f}});
    y.reach = x.reach + (mode == "cubic" ? 2 : 1) / x.scale;
    y.scale = x.scale * factor;
    return y;
}

Value Graph::resizedLike(const Value& x, const Value& size) {
    Value none;
    const Value sides = node("Concat", {slice(shapeOf(x), 0, 0, 2), slice(shapeOf(size), 0, 2, 4)},
                             {{"axis", std::int64_t(0)}});
    Value y = node("Resize", {x, none, none, sides},
                   {{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}});
    // One cell for the interpolation, one because cells move when the grid is stretched to fit.
    y.reach = x.reach + 2 / x.scale;
    y.scale = size.scale;
    y.channels = x.channels;
    return y;
}

Value Graph::bicubic(const Value& x, int factor) {
    // Output pixel i of a block looks at 5 input pixels around it; every channel by itself.
    const std::vector<float> taps = bicubicTaps(factor);
    const int area = factor * factor;
    std::vector<float> kernel;
    for (int c = 0; c < x.channels; ++c) kernel.insert(kernel.end(), taps.begin(), taps.end());
    const Tensor weight{Type::f32,
                        {std::int64_t(x.channels) * area, 1, 5, 5},
                        {reinterpret_cast<const char*>(kernel.data()), kernel.size() * 4}};
    return pixelShuffle(conv(x, weight, nullptr, {.groups = x.channels}), factor);
}

Value Graph::pool(const std::string& op, const Value& x, int kernel, int stride, int pad) {
    Value y = node(op, {x},
                   {{"kernel_shape", std::vector<std::int64_t>(2, kernel)},
                    {"strides", std::vector<std::int64_t>(2, stride)},
                    {"pads", std::vector<std::int64_t>(4, pad)}});
    y.reach = x.reach + kernel / x.scale;
    y.scale = x.scale / stride;
    return y;
}

Value Graph::globalMean(const Value& x) {
    return node("GlobalAveragePool", {x});
}

}  // namespace acuity::architectures
