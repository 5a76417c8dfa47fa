// Layers of ncnn that work element by element.
#include <cmath>
#include <limits>

#include "architectures/ncnn_layers.h"

namespace acuity::architectures::ncnn {
namespace {

using weights::floats;

std::vector<Blob> like(const Task& t, const Value& value) {
    return {{value, t.x().sides}};
}

std::vector<Blob> identity(const Task& t) {
    return std::vector<Blob>(t.layer.outputs.size(), t.x());
}

std::vector<Blob> dropout(const Task& t) {
    return like(t, t.graph.times(t.x().value, t.layer.real(0, 1)));
}

std::vector<Blob> relu(const Task& t) {
    const float slope = t.layer.real(0);
    return like(t, slope == 0 ? t.graph.relu(t.x().value) : t.graph.leakyRelu(t.x().value, slope));
}

/// [1, n, 1...]: a value for each step of the outermost axis.
Shape outermost(const Task& t) {
    Shape shape(std::size_t(t.x().rank()) + 1, 1);
    shape[1] = t.fixed(t.x().sides[0]);
    return shape;
}

std::vector<Blob> prelu(const Task& t) {
    const bool one = t.layer.integer(0) == 1;
    const Shape shape = one ? Shape(std::size_t(t.x().rank()) + 1, 1) : outermost(t);
    return like(t, t.graph.node("PRelu", {t.x().value, t.graph.constant(t.shaped(0, shape))}));
}

std::vector<Blob> clip(const Task& t) {
    constexpr float kMost = std::numeric_limits<float>::max();
    return like(t, t.graph.clip(t.x().value, t.layer.real(0, -kMost), t.layer.real(1, kMost)));
}

Attributes hard(const Task& t) {
    return {{"alpha", t.layer.real(0, 0.2f)}, {"beta", t.layer.real(1, 0.5f)}};
}

std::vector<Blob> hardSwish(const Task& t) {
    const Value& x = t.x().value;
    return like(t, t.graph.mul(x, t.graph.node("HardSigmoid", {x}, hard(t))));
}

std::vector<Blob> mish(const Task& t) {
    const Value& x = t.x().value;
    return like(t, t.graph.mul(x, t.graph.tanh(t.graph.node("Softplus", {x}))));
}

std::vector<Blob> gelu(const Task& t) {
    Graph& g = t.graph;
    const Value& x = t.x().value;
    if (!t.layer.integer(0)) return like(t, g.gelu(x));
    const Value cube = g.mul(g.mul(x, x), x);
    const Value inner = g.times(g.add(x, g.times(cube, 0.044715f)), 0.79788456f);
    return like(t, g.mul(g.times(x, 0.5f), g.plus(g.tanh(inner), 1)));
}

/// x * scale + shift, with parameters of these keys.
Value linear(const Task& t, int scale, int shift) {
    return t.graph.plus(t.graph.times(t.x().value, t.layer.real(scale, 1)), t.layer.real(shift));
}

std::vector<Blob> power(const Task& t) {
    const float exponent = t.layer.real(0, 1);
    const Value x = linear(t, 1, 2);
    return like(t, exponent == 1 ? x : t.graph.node("Pow", {x, t.graph.scalar(exponent)}));
}

std::vector<Blob> exponential(const Task& t) {
    const float base = t.layer.real(0, -1);
    const Value x = linear(t, 1, 2);
    return like(
        t, base == -1 ? t.graph.node("Exp", {x}) : t.graph.node("Pow", {t.graph.scalar(base), x}));
}

std::vector<Blob> logarithm(const Task& t) {
    const float base = t.layer.real(0, -1);
    const Value y = t.graph.node("Log", {linear(t, 1, 2)});
    return like(t, base == -1 ? y : t.graph.times(y, 1 / std::log(base)));
}

std::vector<Blob> scale(const Task& t) {
    Graph& g = t.graph;
    if (t.in.size() == 2) {
        // Factors from another blob, one for each channel.
        const Blob& by = t.in[1];
        if (t.layer.integer(1)) t.refuse("adds a bias to a scale that comes from another layer");
        if (by.rank() != 1) t.refuse("takes its factors from a blob of several axes");
        t.same(by.sides[0], t.x().sides[0]);
        return like(t, g.mul(t.x().value, g.reshape(by.value, outermost(t))));
    }
    Value y = g.mul(t.x().value, g.constant(t.shaped(0, outermost(t))));
    if (t.layer.integer(1)) y = g.add(y, g.constant(t.shaped(1, outermost(t))));
    return like(t, y);
}

std::vector<Blob> bias(const Task& t) {
    return like(t, t.graph.add(t.x().value, t.graph.constant(t.shaped(0, outermost(t)))));
}

std::vector<Blob> batchNorm(const Task& t) {
    const Shape shape = outermost(t);
    std::vector<float> slope = floats(t.shaped(0, shape)), shift = floats(t.shaped(3, shape));
    const std::vector<float> mean = floats(t.shaped(1, shape)), var = floats(t.shaped(2, shape));
    for (std::size_t i = 0; i < slope.size(); ++i) {
        slope[i] /= std::sqrt(var[i] + t.layer.real(1));
        shift[i] -= slope[i] * mean[i];
    }
    const Value y = t.graph.mul(t.x().value, t.graph.constant(shape, slope));
    return like(t, t.graph.add(y, t.graph.constant(shape, shift)));
}

Value binary(const Task& t, const Value& a, const Value& b) {
    static const char* const names[] = {"Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"};
    static const char* const reversed[] = {"Sub", "Div", "Pow"};
    const int op = t.layer.integer(0);
    if (op >= 0 && op < 7) return t.graph.node(names[op], {a, b});
    if (op >= 7 && op < 10) return t.graph.node(reversed[op - 7], {b, a});
    t.refuse("computes operation " + std::to_string(op) + ", which Acuity does not");
}

/// With as many axes as the other operand has: ncnn lines up flat blobs with channels where that
/// fits, else with the innermost axis; blobs of two axes lose their width.
Blob lifted(const Task& t, const Blob& small, const Blob& large) {
    if (small.rank() >= large.rank()) return small;
    Blob blob = small;
    const auto rank = std::size_t(large.rank());
    if (small.rank() == 2) {
        blob.sides.push_back(1);
        blob.value = t.graph.node("Unsqueeze", {small.value, t.graph.integers({3})});
        return blob;
    }
    const Side& outer = large.sides[0];
    const std::int64_t count = t.fixed(small.sides[0]);
    const bool channels = outer.fixed() && outer[0] == count;
    blob.sides.assign(rank, Side(1));
    blob.sides[channels ? 0 : rank - 1] = count;
    std::vector<std::int64_t> shape(rank + 1, 1);
    shape[channels ? 1 : rank] = count;
    blob.value = t.graph.reshape(small.value, shape);
    return blob;
}

std::vector<Blob> binaryOp(const Task& t) {
    if (t.layer.integer(1) || t.in.size() == 1)
        return like(t, binary(t, t.x().value, t.graph.scalar(t.layer.real(2))));
    const Blob a = lifted(t, t.in[0], t.in[1]), b = lifted(t, t.in[1], t.in[0]);
    std::vector<Side> sides;
    for (std::size_t i = 0; i < a.sides.size(); ++i) {
        const Side &m = a.sides[i], &n = b.sides[i];
        const bool mOne = m.fixed() && m[0] == 1, nOne = n.fixed() && n[0] == 1;
        if (!mOne && !nOne) t.same(m, n);
        sides.push_back(mOne ? n : m);
    }
    return {{binary(t, a.value, b.value), sides}};
}

std::vector<Blob> eltwise(const Task& t) {
    static const char* const names[] = {"Mul", "Add", "Max"};
    const int op = t.number(0, 0, 0, 2);
    const std::vector<float> factors = t.layer.reals(1);
    if (op == 1 && !factors.empty() && factors.size() != t.in.size())
        t.refuse("has more or fewer factors than inputs");
    Value y;
    for (std::size_t i = 0; i < t.in.size(); ++i) {
        if (t.in[i].rank() != t.x().rank()) t.refuse("takes blobs of different axes");
        for (std::size_t k = 0; k < t.x().sides.size(); ++k)
            t.same(t.x().sides[k], t.in[i].sides[k]);
        const bool weighted = op == 1 && !factors.empty();
        const Value part = weighted ? t.graph.times(t.in[i].value, factors[i]) : t.in[i].value;
        y = i == 0 ? part : t.graph.node(names[op], {y, part});
    }
    return like(t, y);
}

std::vector<Blob> unaryOp(const Task& t) {
    static const char* const names[] = {
        "Abs", "Neg", "Floor", "Ceil", "",     "Sqrt",       "",     "Exp", "Log",   "Sin",
        "Cos", "Tan", "Asin",  "Acos", "Atan", "Reciprocal", "Tanh", "",    "Round", ""};
    const int op = t.number(0, 0, 0, 19);
    Graph& g = t.graph;
    const Value& x = t.x().value;
    if (op == 4) return like(t, g.mul(x, x));
    if (op == 6) return like(t, g.node("Reciprocal", {g.node("Sqrt", {x})}));
    if (op == 17) return like(t, g.times(g.node("Log", {x}), float(1 / std::log(10.0))));
    if (op == 19) return like(t, g.mul(g.node("Sign", {x}), g.node("Floor", {g.node("Abs", {x})})));
    return like(t, g.node(names[op], {x}));
}

/// An operator of ONNX with the same meaning and no parameters.
template <const char* const& kOp>
std::vector<Blob> plain(const Task& t) {
    return like(t, t.graph.node(kOp, {t.x().value}));
}

const char* const kSigmoid = "Sigmoid";
const char* const kTanh = "Tanh";
const char* const kAbs = "Abs";
const char* const kErf = "Erf";
const char* const kSoftplus = "Softplus";

}  // namespace

void addPointwise(Writers& writers) {
    for (const char* type : {"Split", "Noop", "DeepCopy", "Cast"}) writers[type] = {identity};
    writers["Dropout"] = {dropout};
    writers["ReLU"] = {relu};
    writers["PReLU"] = {prelu};
    writers["Clip"] = {clip};
    writers["Sigmoid"] = {plain<kSigmoid>};
    writers["TanH"] = {plain<kTanh>};
    writers["AbsVal"] = {plain<kAbs>};
    writers["Erf"] = {plain<kErf>};
    writers["Softplus"] = {plain<kSoftplus>};
    writers["Swish"] = {[](const Task& t) { return like(t, t.graph.silu(t.x().value)); }};
    writers["Mish"] = {mish};
    writers["GELU"] = {gelu};
    writers["HardSwish"] = {hardSwish};
    writers["HardSigmoid"] = {
        [](const Task& t) { return like(t, t.graph.node("HardSigmoid", {t.x().value}, hard(t))); }};
    writers["ELU"] = {[](const Task& t) {
        return like(t, t.graph.node("Elu", {t.x().value}, {{"alpha", t.layer.real(0, 0.1f)}}));
    }};
    writers["CELU"] = {[](const Task& t) {
        return like(t, t.graph.node("Celu", {t.x().value}, {{"alpha", t.layer.real(0, 1)}}));
    }};
    writers["SELU"] = {[](const Task& t) {
        return like(t, t.graph.node("Selu", {t.x().value},
                                    {{"alpha", t.layer.real(0, 1.67326324f)},
                                     {"gamma", t.layer.real(1, 1.050700987f)}}));
    }};
    writers["Power"] = {power};
    writers["Exp"] = {exponential};
    writers["Log"] = {logarithm};
    writers["Scale"] = {scale, 1, 2};
    writers["Bias"] = {bias};
    writers["BatchNorm"] = {batchNorm};
    writers["BinaryOp"] = {binaryOp, 1, 2};
    writers["Eltwise"] = {eltwise, 1, 0};
    writers["UnaryOp"] = {unaryOp};
}

}  // namespace acuity::architectures::ncnn
