#include "architectures/tensorflow_nodes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "architectures/tensorflow_call.h"

namespace acuity::architectures {

namespace {

Item bias(const Call& call) {
    const Item& x = call.map();
    call.checkAxes(x);
    Tensor values = call.constant(1);
    if (values.shape.size() != 1) call.refuse("adds something that is no bias");
    return mapped(x, call.graph.add(x.value, beside(call, values, Axes::nhwc, x.value.channels)));
}

Item binary(const Call& call, const char* op) {
    const Item &a = call.input(0), &b = call.input(1);
    if (!a.sizes.empty() && !b.sizes.empty() && !a.isMap && !b.isMap) {
        Item y;
        for (std::size_t i = 0; i < std::max(a.sizes.size(), b.sizes.size()); ++i) {
            const Side s = a.sizes[a.sizes.size() == 1 ? 0 : std::min(i, a.sizes.size() - 1)];
            const Side t = b.sizes[b.sizes.size() == 1 ? 0 : std::min(i, b.sizes.size() - 1)];
            if (std::string(op) != "Mul" || (s.relative && t.relative))
                call.refuse("computes with sizes in a way Acuity does not follow");
            y.sizes.push_back({s.value * t.value, s.relative || t.relative});
        }
        return y;
    }
    const Item& map = a.isMap ? a : b;
    if (!map.isMap) call.refuse("works on something other than the picture");
    Value values[2];
    for (std::size_t i = 0; i < 2; ++i) {
        const Item& item = call.input(i);
        if (item.isMap && (item.axes != map.axes || item.extra != map.extra ||
                           item.value.scale != map.value.scale ||
                           (item.value.channels != map.value.channels && item.value.channels != 1 &&
                            map.value.channels != 1)))
            call.refuse("takes pictures of different sizes");
        values[i] =
            item.isMap ? item.value : beside(call, call.constant(i), map.axes, map.value.channels);
    }
    Item y = mapped(map, call.graph.node(op, {values[0], values[1]}));
    y.value.scale = map.value.scale;
    return y;
}

Item unary(const Call& call, const char* op) {
    return mapped(call.map(), call.graph.node(op, {call.map().value}));
}

Item leakyRelu(const Call& call) {
    const bool stated = call.node.attributes.count("alpha") > 0;
    return mapped(call.map(), call.graph.leakyRelu(call.map().value,
                                                   stated ? call.attribute("alpha").real : 0.2f));
}

Item depthToSpace(const Call& call) {
    Item y = call.map();
    call.checkAxes(y);
    const std::int64_t factor = call.attribute("block_size").integer;
    if (factor < 1 || factor > 16 || y.value.channels % (factor * factor) != 0)
        call.refuse("does not fit its channels");
    // ONNX's "DCR" is TensorFlow's order: blocks before channels.
    const Value x = y.value;
    y.value = call.graph.node("DepthToSpace", {x}, {{"blocksize", factor}, {"mode", "DCR"}});
    y.value.channels = static_cast<int>(x.channels / (factor * factor));
    y.value.scale = x.scale * double(factor);
    for (double& extra : y.extra) extra *= double(factor);
    return y;
}

Item spaceToDepth(const Call& call) {
    Item y = call.map();
    call.checkAxes(y);
    const std::int64_t factor = call.attribute("block_size").integer;
    if (factor < 1 || factor > 16) call.refuse("has blocks of a size that is none");
    const Value x = y.value;
    y.value = call.graph.node("SpaceToDepth", {x}, {{"blocksize", factor}});
    y.value.channels = static_cast<int>(x.channels * factor * factor);
    y.value.scale = x.scale / double(factor);
    y.value.reach = x.reach + double(factor - 1) / x.scale;
    for (double& extra : y.extra) extra /= double(factor);
    return y;
}

Item transpose(const Call& call) {
    Item y = call.map();
    const Integers order = call.integers(1);
    if (y.axes == Axes::nhwc && order == Integers{0, 3, 1, 2})
        y.axes = Axes::nchw;
    else if (y.axes == Axes::nchw && order == Integers{0, 2, 3, 1})
        y.axes = Axes::nhwc;
    else if (order != Integers{0, 1, 2, 3} || y.axes == Axes::nhw)
        call.refuse("orders the axes in a way Acuity does not know");
    return y;
}

/// Adds (or, below zero, takes off) so many rows above and below, columns left and right.
Item framed(const Call& call, Item y, const std::array<std::int64_t, 4>& sides,
            const std::string& mode) {
    for (const std::int64_t side : sides)
        if (std::abs(side) > 256) call.refuse("pads by more than 256 pixels");
    const auto [top, bottom, left, right] = sides;
    y.value = call.graph.node(
        "Pad", {y.value, call.graph.integers({0, 0, top, left, 0, 0, bottom, right})},
        {{"mode", mode}});
    y.extra[0] += double(top + bottom);
    y.extra[1] += double(left + right);
    return y;
}

Item pad(const Call& call) {
    const Item& x = call.map();
    const Integers list = call.integers(1);
    if (list.size() != 8) call.refuse("pads along axes that are none");
    if (call.node.op == "MirrorPad" && call.attribute("mode").text != "REFLECT")
        call.refuse("mirrors in a way Acuity does not know");
    if (call.node.op == "PadV2") call.refuse("pads with a value of its own");
    std::array<std::int64_t, 4> sides{};
    for (int axis = 0; axis < 4; ++axis)
        for (int end = 0; end < 2; ++end) {
            const int ours = call.axis(axis, x.axes);
            const std::int64_t amount = list[std::size_t(2 * axis + end)];
            if (amount < 0 || (ours < 2 && amount != 0))
                call.refuse("pads something else than the picture");
            if (ours >= 2) sides[std::size_t(2 * (ours - 2) + end)] = amount;
        }
    return framed(call, x, sides, call.node.op == "MirrorPad" ? "reflect" : "constant");
}

/// The two ends of a dilated convolution as TensorFlow 1 wrote it.
Item dilation(const Call& call, bool begins) {
    Item y = call.map();
    const Integers block = call.integers(1), list = call.integers(2);
    const int already = begins ? 1 : static_cast<int>(std::min<std::int64_t>(block[0], 64));
    if (y.axes != Axes::nhwc || block.size() != 2 || block[0] != block[1] || block[0] < 1 ||
        block[0] > 64 || list.size() != 4 || y.dilation != already)
        call.refuse("is no part of a dilated convolution");
    const std::int64_t sign = begins ? 1 : -1;
    y.dilation = begins ? static_cast<int>(block[0]) : 1;
    return framed(call, y, {sign * list[0], sign * list[1], sign * list[2], sign * list[3]},
                  "constant");
}

Item resize(const Call& call) {
    Item y = call.map();
    const std::vector<Side>& size = call.input(1).sizes;
    const Value x = y.value;
    if (size.size() != 2 || !size[0].relative || !size[1].relative ||
        size[0].value != size[1].value || y.extra != std::array<double, 2>{} || size[0].value <= 0)
        call.refuse("resizes to a size that does not follow from the picture's");
    const double factor = size[0].value / x.scale;
    if (!(factor > 1.0 / 32 && factor < 32)) call.refuse("resizes by too large a factor");
    const bool corners = call.attribute("align_corners").integer != 0;
    const bool half = call.attribute("half_pixel_centers").integer != 0;
    const std::string& op = call.node.op;
    const bool nearest = op == "ResizeNearestNeighbor", cubic = op == "ResizeBicubic";
    Attributes how{{"mode", nearest ? "nearest"
                            : cubic ? "cubic"
                                    : "linear"},
                   {"coordinate_transformation_mode", corners            ? "align_corners"
                                                      : half && !nearest ? "half_pixel"
                                                                         : "asymmetric"}};
    if (nearest) how["nearest_mode"] = corners ? "round_prefer_ceil" : "floor";
    if (cubic) how["cubic_coeff_a"] = half ? -0.5f : -0.75f;
    const Value none;
    y.value = call.graph.node(
        "Resize", {x, none, call.graph.constant({4}, {1, 1, float(factor), float(factor)})}, how);
    y.value.scale = x.scale * factor;
    y.value.reach = x.reach + (cubic ? 2 : 1) / x.scale;
    return y;
}

Item shape(const Call& call) {
    const Item& x = call.map();
    if (x.axes == Axes::nhw || x.extra != std::array<double, 2>{})
        call.refuse("asks for a size that does not follow from the picture's");
    const Side one{1, false}, side{x.value.scale, true}, deep{double(x.value.channels), false};
    Item y;
    y.sizes = x.axes == Axes::nhwc ? std::vector{one, side, side, deep}
                                   : std::vector{one, deep, side, side};
    return y;
}

Item stridedSlice(const Call& call) {
    const std::vector<Side>& sizes = call.input(0).sizes;
    const auto count = static_cast<std::int64_t>(sizes.size());
    std::int64_t from = call.integer(1), to = call.integer(2);
    if (call.input(0).isMap || call.integer(3) != 1)
        call.refuse("cuts in a way Acuity does not know");
    if (from < 0) from += count;
    if (to < 0) to += count;
    if (call.attribute("begin_mask").integer & 1) from = 0;
    if (call.attribute("end_mask").integer & 1) to = count;
    if (call.attribute("shrink_axis_mask").integer & 1) to = from + 1;
    if (from < 0 || to > count || from >= to) call.refuse("cuts beyond what is there");
    Item y;
    y.sizes.assign(sizes.begin() + from, sizes.begin() + to);
    return y;
}

/// Pack, or ConcatV2 of sizes.
Item joined(const Call& call, std::size_t count) {
    Item y;
    for (std::size_t i = 0; i < count; ++i) {
        const std::vector<Side>& sizes = call.input(i).sizes;
        if (sizes.empty()) call.refuse("joins things that are no sizes");
        y.sizes.insert(y.sizes.end(), sizes.begin(), sizes.end());
        if (y.sizes.size() > 64) call.refuse("joins too many sizes");
    }
    return y;
}

Item concat(const Call& call) {
    if (call.inputs.size() < 2) call.refuse("lacks an input");
    const std::size_t count = call.inputs.size() - 1;
    if (!call.input(0).isMap) return joined(call, count);
    const Item& first = call.map();
    call.needChannels(call.integer(count), first.axes);
    std::vector<Value> parts;
    std::int64_t channels = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Item& part = call.map(i);
        channels += part.value.channels;
        if (channels > 1 << 20) call.refuse("joins too many channels");
        if (part.axes != first.axes || part.extra != first.extra ||
            part.value.scale != first.value.scale)
            call.refuse("joins pictures of different sizes");
        parts.push_back(part.value);
    }
    return mapped(first, call.graph.concat(parts));
}

std::vector<Item> split(const Call& call) {
    const Item& x = call.map(1);
    call.needChannels(call.integer(0), x.axes);
    const std::int64_t count = call.attribute("num_split").integer;
    if (count < 1 || count > x.value.channels || x.value.channels % count != 0)
        call.refuse("does not divide its channels");
    std::vector<Item> parts;
    for (const Value& part : call.graph.split(
             x.value, std::vector<int>(std::size_t(count), int(x.value.channels / count))))
        parts.push_back(mapped(x, part));
    return parts;
}

/// The mean of the channels, which LapSRN takes before it adds an axis again.
Item mean(const Call& call) {
    Item y = call.map();
    if (call.integers(1).size() != 1) call.refuse("averages over more than the channels");
    call.needChannels(call.integer(1), y.axes);
    y.value = call.graph.node("ReduceMean", {y.value}, {{"axes", Integers{1}}});
    y.value.channels = 1;
    if (!call.attribute("keep_dims").integer) y.axes = Axes::nhw;
    return y;
}

Item expand(const Call& call) {
    Item y = call.input(0);
    if (!y.isMap) return y;  // a size that becomes a list of one
    const std::int64_t axis = call.integer(1);
    if (y.axes != Axes::nhw || (axis != -1 && axis != 3 && axis != 1))
        call.refuse("adds an axis where Acuity knows none");
    y.axes = axis == 1 ? Axes::nchw : Axes::nhwc;
    return y;
}

Item constant(const Call& call) {
    Item y;
    const auto& tensor = call.attribute("value").tensor;
    if (!tensor) call.refuse("holds no tensor");
    y.constant = &*tensor;
    const bool whole = tensor->type == weights::Type::i32 || tensor->type == weights::Type::i64;
    if (!whole || weights::elements(tensor->shape) > 64) return y;
    for (std::size_t i = 0; i < tensor->bytes.size(); i += weights::bytesOf(tensor->type)) {
        std::int64_t wide = 0;
        std::int32_t narrow = 0;
        if (tensor->type == weights::Type::i64)
            std::memcpy(&wide, tensor->bytes.data() + i, 8);
        else
            std::memcpy(&narrow, tensor->bytes.data() + i, 4), wide = narrow;
        // Axes, sides and paddings: what is larger is none of them.
        y.sizes.push_back({double(std::clamp<std::int64_t>(wide, -(1 << 20), 1 << 20)), false});
    }
    return y;
}

using Translate = std::function<Item(const Call&)>;

const std::map<std::string, Translate>& known() {
    const auto same = [](const Call& call) { return call.input(0); };
    const auto one = [](const char* op) {
        return [op](const Call& call) { return unary(call, op); };
    };
    const auto two = [](const char* op) {
        return [op](const Call& call) { return binary(call, op); };
    };
    static const std::map<std::string, Translate> all{
        {"Const", constant},
        {"Identity", same},
        {"StopGradient", same},
        {"Cast", same},  // of sizes; the networks themselves are float all along
        {"Conv2D", conv},
        {"DepthwiseConv2dNative", conv},
        {"Conv2DBackpropInput", deconv},
        {"BiasAdd", bias},
        {"Add", two("Add")},
        {"AddV2", two("Add")},
        {"Sub", two("Sub")},
        {"Mul", two("Mul")},
        {"RealDiv", two("Div")},
        {"Maximum", two("Max")},
        {"Minimum", two("Min")},
        {"Relu", one("Relu")},
        {"Tanh", one("Tanh")},
        {"Sigmoid", one("Sigmoid")},
        {"Elu", one("Elu")},
        {"Softplus", one("Softplus")},
        {"Neg", one("Neg")},
        {"Abs", one("Abs")},
        {"LeakyRelu", leakyRelu},
        {"DepthToSpace", depthToSpace},
        {"SpaceToDepth", spaceToDepth},
        {"Transpose", transpose},
        {"Pad", pad},
        {"PadV2", pad},
        {"MirrorPad", pad},
        {"SpaceToBatchND", [](const Call& call) { return dilation(call, true); }},
        {"BatchToSpaceND", [](const Call& call) { return dilation(call, false); }},
        {"ResizeBilinear", resize},
        {"ResizeBicubic", resize},
        {"ResizeNearestNeighbor", resize},
        {"Shape", shape},
        {"StridedSlice", stridedSlice},
        {"Pack", [](const Call& call) { return joined(call, call.inputs.size()); }},
        {"ConcatV2", concat},
        {"Mean", mean},
        {"ExpandDims", expand},
    };
    return all;
}

}  // namespace

bool ignoresFirst(const TensorflowNode& node) {
    return node.op == "Conv2DBackpropInput";
}

std::vector<Item> translated(Graph& graph, const TensorflowNode& node,
                             const std::vector<Item>& inputs) {
    const Call call{graph, node, inputs};
    if (node.op == "Split") return split(call);
    const auto found = known().find(node.op);
    if (found == known().end())
        throw Error(Kind::model, "it is a TensorFlow graph with the operation " +
                                     inQuotes(node.op) + " (node " + inQuotes(node.name) +
                                     "), which Acuity does not know");
    return {found->second(call)};
}

}  // namespace acuity::architectures
