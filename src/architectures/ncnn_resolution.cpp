// Layers of ncnn that change the resolution or the border.
#include <algorithm>
#include <cmath>

#include "architectures/ncnn_layers.h"

namespace acuity::architectures::ncnn {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr std::int64_t kMostChannels = 1 << 16;  // of layers that hold a list of them

struct Target {
    Value scales, sizes;  // one of them, as Resize wants them
    Side height, width;
};

Target target(const Task& t, const Blob& x) {
    Target to;
    const int height = t.number(3, 0, 0, 1 << 16), width = t.number(4, 0, 0, 1 << 16);
    const auto channels = t.fixed(x.sides[0]);
    if (t.in.size() == 2) {
        const Blob& like = t.in[1];
        const int rank = like.rank();
        if (rank < 2) t.refuse("takes its size from a blob that has none");
        to.height = like.sides[std::size_t(rank - 2)];
        to.width = like.sides[std::size_t(rank - 1)];
        to.sizes = t.shape(
            {t.graph.integers({channels}), t.sizeOf(like, rank - 2), t.sizeOf(like, rank - 1)});
    } else if (height > 0 && width > 0) {
        to.height = height;
        to.width = width;
        to.sizes = t.graph.integers({1, channels, height, width});
    } else {
        const float y = t.layer.real(1, 1), x1 = t.layer.real(2, 1);
        if (!(y > 0 && y <= 64 && x1 > 0 && x1 <= 64))
            t.refuse("enlarges by a factor that is no size");
        to.scales = t.graph.constant({4}, {1, 1, y, x1});
        const auto times = [](float factor) {
            return [=](std::int64_t n) { return std::int64_t(std::floor(double(n) * factor)); };
        };
        to.height = x.sides[1].map(times(y));
        to.width = x.sides[2].map(times(x1));
    }
    return to;
}

std::vector<Blob> interp(const Task& t) {
    Blob x = t.x();
    if (x.rank() == 1) {
        const std::int64_t channels = t.fixed(x.sides[0]);
        x = {t.graph.reshape(x.value, {1, channels, 1, 1}), {channels, 1, 1}};
    }
    if (x.rank() != 3) t.refuse("resizes a blob of two axes, which Acuity does not");
    const int kind = t.number(0, 0, 1, 3);  // nearest, bilinear, bicubic
    const bool corners = kind > 1 && t.layer.integer(6);
    Attributes attributes{{"mode", kind == 1 ? "nearest" : kind == 2 ? "linear" : "cubic"}};
    attributes["coordinate_transformation_mode"] = kind == 1 ? "asymmetric"
                                                   : corners ? "align_corners"
                                                             : "half_pixel";
    if (kind == 1) attributes["nearest_mode"] = "floor";
    if (kind == 3) attributes["cubic_coeff_a"] = -0.75f;
    const Target to = target(t, x);
    std::vector<Value> inputs{x.value, Value{}, to.scales};
    if (!to.sizes.name.empty()) inputs.push_back(to.sizes);
    Value y = t.graph.node("Resize", inputs, attributes);
    y.reach = x.value.reach + (kind - 1) / x.value.scale;
    return {{y, {x.sides[0], to.height, to.width}}};
}

std::vector<Blob> pixelShuffle(const Task& t) {
    t.rank(3, 3);
    const int factor = t.number(0, 1, 1, 64), mode = t.number(1, 0, 0, 1);
    const std::int64_t channels = t.fixed(t.x().sides[0]);
    if (channels % (factor * factor) != 0) t.refuse("does not fit its channels");
    const auto times = [&](std::int64_t n) { return n * factor; };
    const Value y =
        t.graph.node("DepthToSpace", {t.x().value},
                     {{"blocksize", std::int64_t(factor)}, {"mode", mode == 0 ? "CRD" : "DCR"}});
    return {
        {y, {channels / (factor * factor), t.x().sides[1].map(times), t.x().sides[2].map(times)}}};
}

std::vector<Blob> reorg(const Task& t) {
    t.rank(3, 3);
    const int factor = t.number(0, 1, 1, 64), mode = t.number(1, 0, 0, 1);
    const std::int64_t channels = t.fixed(t.x().sides[0]);
    if (channels * factor * factor > kMostChannels) t.refuse("makes too many channels");
    const auto multiple = [&](std::int64_t n) { return std::int64_t(n % factor == 0); };
    t.only(t.x().sides[1].map(multiple));
    t.only(t.x().sides[2].map(multiple));
    const auto part = [&](std::int64_t n) { return n / factor; };
    Value y;
    if (mode == 0) {
        y = t.graph.pixelUnshuffle(t.x().value, factor);
    } else {
        y = t.graph.node("SpaceToDepth", {t.x().value}, {{"blocksize", std::int64_t(factor)}});
        y.reach = t.x().value.reach + (factor - 1) / t.x().value.scale;
    }
    return {{y, {channels * factor * factor, t.x().sides[1].map(part), t.x().sides[2].map(part)}}};
}

std::vector<Blob> padding(const Task& t) {
    constexpr int kMost = 4096;
    const int rank = t.x().rank();
    const int top = t.number(0, 0, 0, kMost), bottom = t.number(1, 0, 0, kMost);
    const int left = t.number(2, 0, 0, kMost), right = t.number(3, 0, 0, kMost);
    const int front = t.number(7, 0, 0, kMost), behind = t.number(8, 0, 0, kMost);
    const int kind = t.number(4, 0, 0, 2);
    const Ints before3{front, top, left}, after3{behind, bottom, right};
    Ints pads(2 * std::size_t(rank) + 2, 0);
    std::vector<Side> sides = t.x().sides;
    for (int i = 0; i < rank; ++i) {
        const auto from = std::size_t(3 - rank + i), axis = std::size_t(i);
        pads[axis + 1] = before3[from];
        pads[axis + 2 + std::size_t(rank)] = after3[from];
        const std::int64_t more = before3[from] + after3[from];
        if (kind == 2)  // a mirror shows no more than there is
            t.only(sides[axis].map([&](std::int64_t n) {
                return std::int64_t(std::max(before3[from], after3[from]) < n);
            }));
        sides[axis] = sides[axis].map([&](std::int64_t n) { return n + more; });
    }
    static const char* const modes[] = {"constant", "edge", "reflect"};
    Graph& g = t.graph;
    const Value& x = t.x().value;
    const bool each = kind == 0 && t.layer.integer(6);  // a value for each channel
    std::vector<Value> inputs{x, g.integers(pads)};
    if (kind == 0) inputs.push_back(g.scalar(each ? 0 : t.layer.real(5)));
    Value y = g.node("Pad", inputs, {{"mode", modes[kind]}});
    if (each) {
        if (front || behind) t.refuse("pads channels with values of their own");
        Shape shape(std::size_t(rank) + 1, 1);
        shape[1] = t.fixed(t.x().sides[0]);
        // Ones in the border. (Subtracting before and adding after is what OpenVINO 2026.4 fuses
        // into a convolution that then sees zeros.)
        const Value inside = g.slice(g.times(x, 0), 1, 0, 1);
        const Value border = g.node("Pad", {inside, inputs[1], g.scalar(1)});
        y = g.add(y, g.mul(border, g.constant(t.shaped(0, shape))));
    }
    return {{y, sides}};
}

std::vector<Blob> shuffleChannels(const Task& t) {
    const std::int64_t channels = t.fixed(t.x().sides[0]);
    std::int64_t groups = t.number(0, 1, 1, 1 << 20);
    if (channels > kMostChannels) t.refuse("has too many channels");
    if (channels % groups != 0) t.refuse("has groups that do not fit its channels");
    if (t.layer.integer(1)) groups = channels / groups;
    const std::int64_t each = channels / groups;
    Ints order;
    for (std::int64_t i = 0; i < each; ++i)
        for (std::int64_t g = 0; g < groups; ++g) order.push_back(g * each + i);
    return {{t.graph.node("Gather", {t.x().value, t.graph.integers(order)},
                          {{"axis", std::int64_t(1)}}),
             t.x().sides}};
}

}  // namespace

void addResolution(Writers& writers) {
    writers["Interp"] = {interp, 1, 2};
    writers["PixelShuffle"] = {pixelShuffle};
    writers["Reorg"] = {reorg};
    writers["Padding"] = {padding};
    writers["ShuffleChannel"] = {shuffleChannels};
}

}  // namespace acuity::architectures::ncnn
