// What the layers of ncnn have in common.
#include <algorithm>
#include <cstdint>

#include "architectures/ncnn_layers.h"
#include "base/error.h"

namespace acuity::architectures::ncnn {

Side Side::rising(std::int64_t first) {
    auto probes = std::make_shared<std::array<std::int64_t, kProbes>>();
    for (int i = 0; i < kProbes; ++i) (*probes)[std::size_t(i)] = first + i;
    return Side(std::move(probes));
}

void Task::refuse(const std::string& why) const {
    throw Error(Kind::model, "its " + layer.called() + " " + why);
}

int Task::number(int key, int otherwise, int least, int most) const {
    const int value = layer.integer(key, otherwise);
    if (value < least || value > most)
        refuse("has " + std::to_string(value) + " as parameter " + std::to_string(key));
    return value;
}

int Task::axis(int value, int rank) const {
    if (value < -rank || value >= rank) refuse("works on an axis that is not there");
    return value < 0 ? value + rank : value;
}

std::int64_t Task::fixed(const Side& side) const {
    if (!side.fixed()) refuse("takes pictures of one size only");
    return side[0];
}

Tensor Task::shaped(std::size_t index, const Shape& shape) const {
    if (!hasWeight(index)) refuse("has no weights");
    Tensor tensor = layer.weights[index];
    if (weights::elements(shape) != weights::elements(tensor.shape))
        refuse("has weights that do not fit it");
    tensor.shape = shape;
    return tensor;
}

void Task::same(const Side& a, const Side& b) const {
    only(Side::combine(a, b, [](auto m, auto n) { return std::int64_t(m == n); }));
}

void Task::only(const Side& whether) const {
    for (int i = 0; i < Side::kProbes; ++i)
        if (!whether[i]) trace.fits.reset(std::size_t(i));
}

void Task::across(const Blob& blob, const std::vector<std::int64_t>& axes) const {
    for (const std::int64_t axis : axes)
        if (!blob.sides.at(std::size_t(axis - 1)).fixed()) trace.global = true;
}

void Task::rank(int least, int most) const {
    if (x().rank() < least || x().rank() > most)
        refuse("takes a blob of " + std::to_string(x().rank()) + " axes, which it cannot");
}

Value Task::sizeOf(const Blob& blob, int axis) const {
    const Side& side = blob.sides.at(std::size_t(axis));
    if (side.fixed()) return graph.integers({side[0]});
    return graph.slice(graph.shapeOf(blob.value), 0, axis + 1, axis + 2);
}

Value Task::shape(const std::vector<Value>& sides) const {
    std::vector<Value> parts{graph.integers({1})};
    parts.insert(parts.end(), sides.begin(), sides.end());
    return graph.concat(parts, 0);
}

Value Task::activated(const Value& x) const {
    const std::vector<float> p = layer.reals(10);
    const auto at = [&](std::size_t i) {
        if (i >= p.size()) refuse("lacks parameters of its activation");
        return p[i];
    };
    switch (layer.integer(9)) {
        case 0:
            return x;
        case 1:
            return graph.relu(x);
        case 2:
            return graph.leakyRelu(x, at(0));
        case 3:
            return graph.clip(x, at(0), at(1));
        case 4:
            return graph.sigmoid(x);
        case 5:
            return graph.mul(x, graph.tanh(graph.node("Softplus", {x})));
        case 6:
            return graph.mul(x,
                             graph.node("HardSigmoid", {x}, {{"alpha", at(0)}, {"beta", at(1)}}));
        default:
            refuse("has an activation of type " + std::to_string(layer.integer(9)));
    }
}

}  // namespace acuity::architectures::ncnn
