#include "architectures/graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace acuity::architectures {

using weights::Message;
using weights::Type;

namespace {

// Numbers of fields and enumerators in onnx.proto.
constexpr int kFloat = 1, kInt64 = 7, kHalf = 10;
constexpr std::uint64_t kMostBytes = (1ull << 31) - (1 << 20);  // what protobuf can hold
constexpr int kIrVersion = 8, kOpset = 17;

Message attribute(const std::string& name, const Attribute& value) {
    constexpr int kTypeFloat = 1, kTypeInt = 2, kTypeString = 3, kTypeFloats = 6, kTypeInts = 7;
    Message m;
    m.bytes(1, name);
    int type = 0;
    if (const auto* i = std::get_if<std::int64_t>(&value)) {
        m.integer(3, static_cast<std::uint64_t>(*i));
        type = kTypeInt;
    } else if (const auto* f = std::get_if<float>(&value)) {
        m.real(2, *f);
        type = kTypeFloat;
    } else if (const auto* s = std::get_if<std::string>(&value)) {
        m.bytes(4, *s);
        type = kTypeString;
    } else if (const auto* many = std::get_if<std::vector<std::int64_t>>(&value)) {
        for (const std::int64_t i : *many) m.integer(8, static_cast<std::uint64_t>(i));
        type = kTypeInts;
    } else {
        for (const float f : std::get<std::vector<float>>(value)) m.real(7, f);
        type = kTypeFloats;
    }
    m.integer(20, static_cast<std::uint64_t>(type));
    return m;
}

std::string described(const Shape& shape) {
    std::string text;
    for (const auto side : shape) text += (text.empty() ? "" : "x") + std::to_string(side);
    return text.empty() ? "a single value" : text;
}

[[noreturn]] void refuse(const std::string& what, const Shape& shape) {
    throw Error(Kind::model,
                what + " of shape " + described(shape) + " does not fit the network it stands in");
}

void alike(const Value& a, const Value& b) {
    if (a.channels > 0 && b.channels > 0 && a.channels != b.channels)
        throw Error(Kind::model, "its layers of " + std::to_string(a.channels) + " and of " +
                                     std::to_string(b.channels) + " channels do not fit together");
}

}  // namespace

Message valueInfo(const std::string& name, int channels) {
    Message batch, depth, height, width, shape, tensor, type, info;
    batch.integer(1, 1);
    if (channels > 0) depth.integer(1, static_cast<std::uint64_t>(channels));
    height.bytes(2, name + "_height");
    width.bytes(2, name + "_width");
    shape.message(1, batch).message(1, depth).message(1, height).message(1, width);
    tensor.integer(1, kFloat).message(2, shape);
    type.message(1, tensor);
    info.bytes(1, name).message(2, type);
    return info;
}

Message nodeProto(const std::string& op, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs, const Attributes& attributes) {
    Message node;
    for (const std::string& name : inputs) node.bytes(1, name);
    for (const std::string& name : outputs) node.bytes(2, name);
    node.bytes(4, op);
    for (const auto& [name, value] : attributes) node.message(5, attribute(name, value));
    return node;
}

Message tensorProto(const std::string& name, int type, const Shape& shape, std::string_view bytes) {
    Message tensor;
    for (const std::int64_t side : shape) tensor.integer(1, static_cast<std::uint64_t>(side));
    tensor.integer(2, static_cast<std::uint64_t>(type)).bytes(8, name).bytes(9, bytes);
    return tensor;
}

Graph::Graph(int channels) {
    input_.name = "input";
    input_.channels = channels;
}

Value Graph::initializer(int type, const Shape& shape, std::string_view bytes) {
    weightBytes_ += bytes.size();
    if (weightBytes_ > kMostBytes)
        throw Error(Kind::model, "the network holds more than the 2 GB that an ONNX file can");
    Value value;
    value.name = fresh();
    body_.message(5, tensorProto(value.name, type, shape, bytes));
    return value;
}

Value Graph::constant(const Tensor& tensor) {
    if (tensor.type == Type::f32) return initializer(kFloat, tensor.shape, tensor.bytes);
    if (tensor.type == Type::f16) {
        const Value half = initializer(kHalf, tensor.shape, tensor.bytes);
        return node("Cast", {half}, {{"to", std::int64_t(kFloat)}});
    }
    return constant(tensor.shape, weights::floats(tensor));
}

Value Graph::constant(const Shape& shape, const std::vector<float>& values) {
    if (weights::elements(shape) != values.size()) refuse("a constant", shape);
    return initializer(kFloat, shape,
                       {reinterpret_cast<const char*>(values.data()), values.size() * 4});
}

Value Graph::scalar(float value) {
    return constant(Shape{}, {value});
}

Value Graph::integers(const std::vector<std::int64_t>& values) {
    return initializer(kInt64, {static_cast<std::int64_t>(values.size())},
                       {reinterpret_cast<const char*>(values.data()), values.size() * 8});
}

Value Graph::integer(std::int64_t value) {
    return initializer(kInt64, {}, {reinterpret_cast<const char*>(&value), 8});
}

std::vector<Value> Graph::nodes(const std::string& op, const std::vector<Value>& inputs,
                                int outputs, const Attributes& attributes) {
    std::vector<Value> results(static_cast<std::size_t>(outputs));
    std::vector<std::string> from, to;
    for (const Value& value : inputs) from.push_back(value.name);
    for (Value& result : results) {
        if (!inputs.empty()) result = inputs.front();
        result.name = fresh();
        for (const Value& value : inputs) {
            result.reach = std::max(result.reach, value.reach);
            result.channels = std::max(result.channels, value.channels);
        }
        to.push_back(result.name);
    }
    body_.message(1, nodeProto(op, from, to, attributes));
    return results;
}

Value Graph::node(const std::string& op, const std::vector<Value>& inputs,
                  const Attributes& attributes) {
    return nodes(op, inputs, 1, attributes).front();
}

Value Graph::conv(const Value& x, const Tensor& weight, const Tensor* bias, Convolution how) {
    constexpr std::int64_t kMostChannels = 1 << 14;
    constexpr int kMost = 8000;  // ten times what the deepest networks have
    if (++convolutions_ > kMost)
        throw Error(Kind::model, "it has more convolutions than networks do");
    const Shape& s = weight.shape;
    if (s.size() != 4 || weights::elements(s) == 0 || s[0] % how.groups != 0 ||
        s[0] > kMostChannels || (x.channels > 0 && s[1] * how.groups != x.channels))
        refuse("a convolution's weight", s);
    if (bias && weights::elements(bias->shape) != std::uint64_t(s[0]))
        refuse("a convolution's bias", bias->shape);
    const std::int64_t spread = how.dilation;
    const std::int64_t padY = how.pad < 0 ? spread * (s[2] - 1) / 2 : how.pad;
    const std::int64_t padX = how.pad < 0 ? spread * (s[3] - 1) / 2 : how.pad;
    const Attributes attributes{{"kernel_shape", std::vector<std::int64_t>{s[2], s[3]}},
                                {"pads", std::vector<std::int64_t>{padY, padX, padY, padX}},
                                {"strides", std::vector<std::int64_t>(2, how.stride)},
                                {"dilations", std::vector<std::int64_t>(2, spread)},
                                {"group", std::int64_t(how.groups)}};
    std::vector<Value> inputs{x, constant(weight)};
    if (bias) {
        inputs.push_back(constant(*bias));
        if (bias->shape.size() != 1) inputs.back() = reshape(inputs.back(), {-1});
    }
    Value y = node("Conv", inputs, attributes);
    y.channels = static_cast<int>(s[0]);
    y.reach = x.reach + double(spread * (std::max(s[2], s[3]) / 2)) / x.scale;
    y.scale = x.scale / how.stride;
    return y;
}

Value Graph::deconv(const Value& x, const Tensor& weight, const Tensor* bias, int stride, int pad,
                    int extra, int groups) {
    const Shape& s = weight.shape;
    if (s.size() != 4 || weights::elements(s) == 0 || (x.channels > 0 && s[0] != x.channels))
        refuse("a transposed convolution's weight", s);
    if (bias && weights::elements(bias->shape) != std::uint64_t(s[1] * groups))
        refuse("a transposed convolution's bias", bias->shape);
    std::vector<Value> inputs{x, constant(weight)};
    if (bias) inputs.push_back(constant(*bias));
    Value y = node("ConvTranspose", inputs,
                   {{"kernel_shape", std::vector<std::int64_t>{s[2], s[3]}},
                    {"pads", std::vector<std::int64_t>(4, pad)},
                    {"strides", std::vector<std::int64_t>(2, stride)},
                    {"output_padding", std::vector<std::int64_t>(2, extra)},
                    {"group", std::int64_t(groups)}});
    y.channels = static_cast<int>(s[1]) * groups;
    y.scale = x.scale * stride;
    y.reach = x.reach + std::ceil(double(std::max(s[2], s[3])) / stride) / x.scale;
    return y;
}

Value Graph::linear(const Value& x, const Tensor& weight, const Tensor* bias) {
    if (weight.shape.size() != 2) refuse("a linear layer's weight", weight.shape);
    Value y = matmul(x, transpose(constant(weight), {1, 0}));
    return bias ? add(y, constant(*bias)) : y;
}

Value Graph::layerNorm(const Value& x, const Tensor& weight, const Tensor* bias, float epsilon) {
    std::vector<Value> inputs{x, constant(weight)};
    if (bias) inputs.push_back(constant(*bias));
    return node("LayerNormalization", inputs, {{"axis", std::int64_t(-1)}, {"epsilon", epsilon}});
}

Value Graph::sum(const Value& a, const Value& b) {
    alike(a, b);
    return add(a, b);
}

Value Graph::product(const Value& a, const Value& b) {
    alike(a, b);
    return mul(a, b);
}

Value Graph::times(const Value& x, float factor) {
    return factor == 1 ? x : mul(x, scalar(factor));
}

Value Graph::plus(const Value& x, float offset) {
    return offset == 0 ? x : add(x, scalar(offset));
}

Value Graph::leakyRelu(const Value& x, float slope) {
    return node("LeakyRelu", {x}, {{"alpha", slope}});
}

Value Graph::prelu(const Value& x, const Tensor& slopes) {
    const auto count = static_cast<std::int64_t>(weights::elements(slopes.shape));
    if (count != 1 && x.channels > 0 && count != x.channels)
        refuse("a PReLU's slopes", slopes.shape);
    Tensor shaped = slopes;
    shaped.shape = {count, 1, 1};
    return node("PRelu", {x, constant(shaped)});
}

Value Graph::gelu(const Value& x) {
    const Value erf = node("Erf", {times(x, float(std::sqrt(0.5)))});
    return mul(times(x, 0.5f), plus(erf, 1));
}

Value Graph::clip(const Value& x, float low, float high) {
    return node("Clip", {x, scalar(low), scalar(high)});
}

Value Graph::concat(const std::vector<Value>& parts, int axis) {
    Value y = node("Concat", parts, {{"axis", std::int64_t(axis)}});
    if (axis == 1) {
        y.channels = 0;
        for (const Value& part : parts) y.channels += part.channels;
    }
    return y;
}

Value Graph::slice(const Value& x, int axis, std::int64_t from, std::int64_t to) {
    return node("Slice", {x, integers({from}), integers({to}), integers({axis})});
}

Value Graph::channels(const Value& x, int from, int to) {
    Value y = slice(x, 1, from, to);
    y.channels = to - from;
    return y;
}

std::vector<Value> Graph::split(const Value& x, const std::vector<int>& channels) {
    const std::vector<std::int64_t> sizes(channels.begin(), channels.end());
    auto parts = nodes("Split", {x, integers(sizes)}, static_cast<int>(channels.size()),
                       {{"axis", std::int64_t(1)}});
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].channels = channels[i];
    return parts;
}

Value Graph::crop(const Value& x, int border) {
    return node("Slice",
                {x, integers({border, border}), integers({-border, -border}), integers({2, 3})});
}

Value Graph::pad(const Value& x, int border, const std::string& mode) {
    return node("Pad", {x, integers({0, 0, border, border, 0, 0, border, border})},
                {{"mode", mode}});
}

Value Graph::reshape(const Value& x, const std::vector<std::int64_t>& shape) {
    return reshape(x, integers(shape));
}

Value Graph::reshape(const Value& x, const Value& shape) {
    Value y = node("Reshape", {x, shape});
    y.channels = 0;
    return y;
}

Value Graph::transpose(const Value& x, const std::vector<std::int64_t>& order) {
    Value y = node("Transpose", {x}, {{"perm", order}});
    y.channels = 0;
    return y;
}

Value Graph::softmax(const Value& x, int axis) {
    return node("Softmax", {x}, {{"axis", std::int64_t(axis)}});
}

std::string Graph::onnx(const Value& output, const std::map<std::string, std::string>& about) {
    Message last;
    last.bytes(1, output.name).bytes(2, "output").bytes(4, "Identity");
    Message rest;
    rest.message(1, last)
        .bytes(2, "acuity")
        .message(11, valueInfo("input", input_.channels))
        .message(12, valueInfo("output", 0));
    Message opset, model, ending;
    opset.bytes(1, "").integer(2, kOpset);
    for (const auto& [key, value] : about) {
        Message entry;
        entry.bytes(1, key).bytes(2, value);
        ending.message(14, entry);
    }
    model.integer(1, kIrVersion).bytes(2, "acuity").message(8, opset);
    model.opening(7, body_.str().size() + rest.str().size());
    // The weights may be large: what goes around them is added to them, instead of the reverse.
    std::string bytes = body_.take();
    bytes.reserve(bytes.size() + model.str().size() + rest.str().size() + ending.str().size());
    bytes.insert(0, model.str());
    return bytes.append(rest.str()).append(ending.str());
}

}  // namespace acuity::architectures
