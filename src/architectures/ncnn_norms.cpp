// Layers of ncnn that look along whole axes: norms, reductions, softmax, matrix products.
#include <algorithm>
#include <numeric>
#include <set>

#include "architectures/ncnn_layers.h"

namespace acuity::architectures::ncnn {
namespace {

using Ints = std::vector<std::int64_t>;

Value mean(Graph& g, const Value& x, const Ints& axes) {
    return g.node("ReduceMean", {x}, {{"axes", axes}, {"keepdims", std::int64_t(1)}});
}

/// x with mean 0 and variance 1 along `axes`.
Value normalised(Graph& g, const Value& x, const Ints& axes, float epsilon) {
    const Value centred = g.sub(x, mean(g, x, axes));
    const Value variance = mean(g, g.mul(centred, centred), axes);
    return g.div(centred, g.node("Sqrt", {g.add(variance, g.scalar(epsilon))}));
}

/// Times the first weight, plus the second.
Value affine(const Task& t, Value x, const Shape& shape) {
    if (t.hasWeight(0)) x = t.graph.mul(x, t.graph.constant(t.shaped(0, shape)));
    if (t.hasWeight(1)) x = t.graph.add(x, t.graph.constant(t.shaped(1, shape)));
    return x;
}

std::vector<Blob> instanceNorm(const Task& t) {
    t.rank(3, 3);
    t.across(t.x(), {2, 3});
    const Value y = normalised(t.graph, t.x().value, {2, 3}, t.layer.real(1, 0.001f));
    return {{affine(t, y, {1, t.fixed(t.x().sides[0]), 1, 1}), t.x().sides}};
}

std::vector<Blob> groupNorm(const Task& t) {
    t.rank(1, 3);
    Graph& g = t.graph;
    const Blob& x = t.x();
    const std::int64_t channels = t.fixed(x.sides[0]);
    const int groups = t.number(0, 1, 1, 1 << 20);
    if (channels % groups != 0) t.refuse("has groups that do not fit its channels");
    if (x.rank() > 1) t.across(x, x.rank() == 3 ? Ints{2, 3} : Ints{2});
    const Value parts = g.reshape(x.value, {1, groups, -1});
    Value y = normalised(g, parts, {2}, t.layer.real(2, 0.001f));
    y = g.reshape(y, g.shapeOf(x.value));
    Shape shape(std::size_t(x.rank()) + 1, 1);
    shape[1] = channels;
    return {{affine(t, y, shape), x.sides}};
}

/// Over the width, or over height and width when the weights are as many.
std::vector<Blob> layerNorm(const Task& t, bool centre) {
    const Blob& x = t.x();
    const std::int64_t size = t.number(0, 0, 1, 1 << 24);
    const Side& width = x.sides.back();
    const bool row = width.fixed() && width[0] == size;
    if (!row && x.rank() < 3) t.refuse("does not fit the width of its input");
    const Ints axes = row ? Ints{x.rank()} : Ints{2, 3};
    Shape shape{size};
    if (!row) {
        shape = {t.fixed(x.sides[1]), t.fixed(x.sides[2])};
        if (shape[0] * shape[1] != size) t.refuse("does not fit the size of its input");
    }
    Graph& g = t.graph;
    const float epsilon = t.layer.real(1, 0.001f);
    Value y;
    if (centre) {
        y = normalised(g, x.value, axes, epsilon);
    } else {
        const Value square = mean(g, g.mul(x.value, x.value), axes);
        y = g.div(x.value, g.node("Sqrt", {g.add(square, g.scalar(epsilon))}));
    }
    return {{affine(t, y, shape), x.sides}};
}

std::vector<Blob> reduction(const Task& t) {
    static const char* const names[] = {
        "ReduceSum",  "ReduceL1", "ReduceSumSquare", "ReduceMean",   "ReduceMax",      "ReduceMin",
        "ReduceProd", "ReduceL1", "ReduceL2",        "ReduceLogSum", "ReduceLogSumExp"};
    const int op = t.number(0, 0, 0, 10), rank = t.x().rank();
    const bool keep = t.layer.integer(4);
    std::set<std::int64_t> axes;
    for (const int axis : t.layer.integers(3)) axes.insert(t.axis(axis, rank) + 1);
    if (t.layer.integer(1, 1) || axes.empty())
        for (int axis = 0; axis < rank; ++axis) axes.insert(axis + 1);
    const Ints list(axes.begin(), axes.end());
    t.across(t.x(), list);
    Graph& g = t.graph;
    Attributes attributes{{"keepdims", std::int64_t(keep)}};
    std::vector<Value> inputs{t.x().value};
    if (op == 0)
        inputs.push_back(g.integers(list));  // the only one that takes them so in this opset
    else
        attributes["axes"] = list;
    Value y = g.times(g.node(names[op], inputs, attributes), t.layer.real(2, 1));
    std::vector<Side> sides;
    for (int axis = 0; axis < rank; ++axis) {
        if (!axes.count(axis + 1))
            sides.push_back(t.x().sides[std::size_t(axis)]);
        else if (keep)
            sides.push_back(1);
    }
    if (sides.empty()) {
        y = g.reshape(y, Ints{1, 1});
        sides.push_back(1);
    }
    return {{y, sides}};
}

std::vector<Blob> softmax(const Task& t) {
    const int axis = t.axis(t.layer.integer(0), t.x().rank()) + 1;
    t.across(t.x(), {axis});
    return {{t.graph.softmax(t.x().value, axis), t.x().sides}};
}

std::vector<Blob> matMul(const Task& t) {
    const Blob &a = t.in[0], &b = t.in[1];
    if (a.rank() < 2 || b.rank() < 2) t.refuse("multiplies a flat blob, which Acuity does not");
    Value right = b.value;
    std::vector<Side> of = b.sides;
    if (t.layer.integer(0)) {  // the second one is transposed
        Ints order(of.size() + 1);
        std::iota(order.begin(), order.end(), 0);
        std::swap(order[of.size()], order[of.size() - 1]);
        std::swap(of[of.size() - 1], of[of.size() - 2]);
        right = t.graph.transpose(right, order);
    }
    t.same(a.sides.back(), of[of.size() - 2]);
    t.across(a, {a.rank()});
    std::vector<Side> sides = a.rank() >= b.rank() ? a.sides : of;
    if (a.rank() == 3 && b.rank() == 3) {
        const bool one = a.sides[0].fixed() && a.sides[0][0] == 1;
        const bool other = of[0].fixed() && of[0][0] == 1;
        if (!one && !other) t.same(a.sides[0], of[0]);
        sides[0] = one ? of[0] : a.sides[0];
    }
    sides[sides.size() - 2] = a.sides[a.sides.size() - 2];
    sides.back() = of.back();
    Value left = a.value;
    if (a.rank() < b.rank()) left = t.graph.node("Unsqueeze", {left, t.graph.integers({1})});
    if (b.rank() < a.rank()) right = t.graph.node("Unsqueeze", {right, t.graph.integers({1})});
    return {{t.graph.matmul(left, right), sides}};
}

}  // namespace

void addNorms(Writers& writers) {
    writers["InstanceNorm"] = {instanceNorm};
    writers["GroupNorm"] = {groupNorm};
    writers["LayerNorm"] = {[](const Task& t) { return layerNorm(t, true); }};
    writers["RMSNorm"] = {[](const Task& t) { return layerNorm(t, false); }};
    writers["Reduction"] = {reduction};
    writers["Softmax"] = {softmax};
    writers["MatMul"] = {matMul, 2, 2};
}

}  // namespace acuity::architectures::ncnn
