#include "model/graph_summary.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <vector>

#include "weights/protobuf.h"

namespace acuity::model {
namespace {

using weights::Fields;
using Numbers = std::vector<std::int64_t>;

// Field numbers and types of onnx.proto.
namespace field {
constexpr unsigned modelGraph = 7;
constexpr unsigned graphNode = 1, graphInitializer = 5, graphInput = 11;
constexpr unsigned nodeInput = 1, nodeOutput = 2, nodeType = 4, nodeAttribute = 5;
constexpr unsigned attributeName = 1, attributeInt = 3, attributeTensor = 5, attributeInts = 8;
constexpr unsigned tensorDims = 1, tensorType = 2, tensorFloats = 4, tensorInts = 7, tensorName = 8,
                   tensorRaw = 9;
constexpr unsigned valueName = 1;
}  // namespace field

const char* typeName(std::uint64_t type) {
    switch (type) {
        case 1:
            return "f32";
        case 10:
            return "f16";
        case 11:
            return "f64";
        case 16:
            return "bf16";
        case 2:
        case 3:
            return "int8";
        default:
            return nullptr;
    }
}

/// Repeated integers, packed or not.
void collect(const Fields& fields, Numbers& into) {
    if (fields.wire() == 0) {
        into.push_back(fields.number64());
        return;
    }
    std::string_view packed = fields.bytes();
    for (std::uint64_t value; into.size() < 64 && Fields::varint(packed, value);)
        into.push_back(static_cast<std::int64_t>(value));
}

struct Constant {
    std::string name;
    Numbers dims;
    std::uint64_t type = 0;
    Numbers integers;          // the content where it is a few int64
    std::vector<float> reals;  // or a few floats

    double elements() const {
        double product = 1;
        for (const auto side : dims) product *= double(std::max<std::int64_t>(side, 0));
        return product;
    }
};

template <typename T>
void fewOf(std::string_view raw, std::vector<T>& into) {
    if (raw.size() > 32 * sizeof(T)) return;
    into.resize(raw.size() / sizeof(T));
    std::memcpy(into.data(), raw.data(), into.size() * sizeof(T));
}

Constant constantFrom(std::string_view bytes) {
    Constant constant;
    std::string_view raw;
    for (Fields fields(bytes); fields.next();) {
        if (fields.number() == field::tensorDims) collect(fields, constant.dims);
        if (fields.number() == field::tensorType) constant.type = fields.integer();
        if (fields.number() == field::tensorInts) collect(fields, constant.integers);
        if (fields.number() == field::tensorFloats && fields.wire() == 2)
            fewOf(fields.bytes(), constant.reals);
        if (fields.number() == field::tensorName) constant.name = fields.text();
        if (fields.number() == field::tensorRaw) raw = fields.bytes();
    }
    if (constant.type == 7 && !raw.empty()) fewOf(raw, constant.integers);
    if (constant.type == 1 && !raw.empty()) fewOf(raw, constant.reals);
    return constant;
}

struct Node {
    std::string type;
    std::vector<std::string> inputs, outputs;
    std::map<std::string, Numbers> integers;  // attributes
    std::optional<Constant> value;

    std::int64_t number(const std::string& name, std::int64_t otherwise) const {
        const auto found = integers.find(name);
        return found == integers.end() || found->second.empty() ? otherwise : found->second[0];
    }
    /// The product of an attribute's numbers, 1 without it.
    double product(const std::string& name) const {
        double result = 1;
        if (const auto found = integers.find(name); found != integers.end())
            for (const auto n : found->second) result *= double(n);
        return result;
    }
};

Node nodeFrom(std::string_view bytes) {
    Node node;
    for (Fields fields(bytes); fields.next();) {
        if (fields.number() == field::nodeInput) node.inputs.push_back(fields.text());
        if (fields.number() == field::nodeOutput) node.outputs.push_back(fields.text());
        if (fields.number() == field::nodeType) node.type = fields.text();
        if (fields.number() != field::nodeAttribute) continue;
        std::string name;
        Numbers numbers;
        std::optional<Constant> value;
        for (Fields attribute(fields.bytes()); attribute.next();) {
            if (attribute.number() == field::attributeName) name = attribute.text();
            if (attribute.number() == field::attributeInt ||
                attribute.number() == field::attributeInts)
                collect(attribute, numbers);
            if (attribute.number() == field::attributeTensor)
                value = constantFrom(attribute.bytes());
        }
        node.integers[name] = numbers;
        if (value) node.value = std::move(value);
    }
    return node;
}

/// Follows how many elements each value has per pixel of the input. Reshapes and transpositions
/// keep that number, so that no shapes are needed.
class Walk {
  public:
    explicit Walk(GraphSummary& summary) : summary_(summary) {}

    void add(Constant constant) {
        if (const char* type = typeName(constant.type)) {
            summary_.parameters += constant.elements();
            byType_[type] += constant.elements();
        }
        const std::string name = constant.name;
        constants_[name] = std::move(constant);
    }

    void begin(const std::string& input) {
        if (!constants_.count(input)) flows_[input] = {3, 3};
    }

    void step(const Node& node) {
        summary_.operators[node.type]++;
        if (node.value && !node.outputs.empty()) {
            Constant constant = *node.value;
            constant.name = node.outputs[0];
            add(std::move(constant));
            return;
        }
        if (foldsConstant(node)) return;
        const Flow out = flowOf(node);
        for (const std::string& name : node.outputs) flows_[name] = out;
        if (node.type == "Split") split(node);
    }

    void finish() {
        double most = 0;
        for (const auto& [type, count] : byType_)
            if (count > most) {
                most = count;
                summary_.stored = type;
            }
    }

  private:
    struct Flow {
        double elements = 0;  // per pixel of the network's input
        double channels = 0;  // where it is a map whose channels are known
    };

    const Constant* constant(const Node& node, std::size_t input) const {
        if (input >= node.inputs.size()) return nullptr;
        const auto found = constants_.find(node.inputs[input]);
        return found == constants_.end() ? nullptr : &found->second;
    }

    Flow flow(const Node& node, std::size_t input) const {
        if (input >= node.inputs.size()) return {};
        const auto found = flows_.find(node.inputs[input]);
        return found == flows_.end() ? Flow() : found->second;
    }

    /// Weights behind a cast, a transposition and the like are still weights.
    bool foldsConstant(const Node& node) {
        static const std::set<std::string> kinds{"Cast", "Identity", "Transpose",
                                                 "DequantizeLinear"};
        const Constant* from = constant(node, 0);
        if (!from || !kinds.count(node.type) || node.outputs.empty()) return false;
        Constant to = *from;
        to.name = node.outputs[0];
        if (node.type == "Transpose") {
            const auto order = node.integers.find("perm");
            std::reverse(to.dims.begin(), to.dims.end());
            if (order != node.integers.end() && order->second.size() == from->dims.size())
                for (std::size_t i = 0; i < to.dims.size(); i++) {
                    const auto axis = std::size_t(order->second[i]);
                    if (axis < from->dims.size()) to.dims[i] = from->dims[axis];
                }
        }
        const std::string name = to.name;
        constants_[name] = std::move(to);
        return true;
    }

    void count(double operations) {
        if (std::isfinite(operations)) summary_.operationsPerPixel += operations;
    }

    Flow convolution(const Node& node, bool transposed) {
        const Constant* weight = constant(node, 1);
        const Flow in = flow(node, 0);
        if (!weight || weight->dims.size() < 3) return uncounted(in);
        const double groups = double(node.number("group", 1));
        const double into = double(weight->dims[transposed ? 0 : 1]) * (transposed ? 1 : groups);
        const double out = double(weight->dims[transposed ? 1 : 0]) * (transposed ? groups : 1);
        if (into <= 0) return uncounted(in);
        const double strides = std::max(1.0, node.product("strides"));
        const double pixelsIn = in.elements / into;
        const double pixelsOut = transposed ? pixelsIn * strides : pixelsIn / strides;
        count(weight->elements() * (transposed ? pixelsIn : pixelsOut));
        return {out * pixelsOut, out};
    }

    Flow matrixProduct(const Node& node) {
        const bool gemm = node.type == "Gemm";
        for (const std::size_t side : {1u, 0u}) {
            const Constant* weight = constant(node, side);
            if (!weight || weight->dims.size() < 2) continue;
            double rows = double(weight->dims[weight->dims.size() - 2]);
            double columns = double(weight->dims.back());
            if (gemm && node.number(side ? "transB" : "transA", 0)) std::swap(rows, columns);
            const double inner = side ? rows : columns, outer = side ? columns : rows;
            const Flow in = flow(node, 1 - side);
            if (inner <= 0) return uncounted(in);
            count(in.elements * outer);
            return {in.elements / inner * outer, 0};
        }
        return uncounted(flow(node, 0));
    }

    Flow uncounted(const Flow& in) {
        summary_.uncounted++;
        return in;
    }

    Flow resized(const Node& node) const {
        const Flow in = flow(node, 0);
        for (const std::size_t input : {2u, 1u}) {
            const Constant* scales = constant(node, input);
            if (!scales || scales->reals.size() != 4) continue;
            return {in.elements * std::max(0.0f, scales->reals[2] * scales->reals[3]), in.channels};
        }
        return in;
    }

    Flow sliced(const Node& node) const {
        const Flow in = flow(node, 0);
        const Constant *starts = constant(node, 1), *ends = constant(node, 2),
                       *axes = constant(node, 3);
        const auto one = [](const Constant* c) { return c && c->integers.size() == 1; };
        if (!in.channels || !one(starts) || !one(ends) || !one(axes) || axes->integers[0] != 1)
            return in;
        const auto within = [&](std::int64_t at) {
            const double wanted = at < 0 ? double(at) + in.channels : double(at);
            return std::clamp(wanted, 0.0, in.channels);
        };
        const double kept = std::max(0.0, within(ends->integers[0]) - within(starts->integers[0]));
        return {in.elements * kept / in.channels, kept};
    }

    Flow flowOf(const Node& node) {
        const std::string& type = node.type;
        const Flow in = flow(node, 0);
        const double block = double(node.number("blocksize", 1));
        if (type == "Conv") return convolution(node, false);
        if (type == "ConvTranspose") return convolution(node, true);
        if (type == "MatMul" || type == "Gemm") return matrixProduct(node);
        if (type == "DepthToSpace") return {in.elements, in.channels / (block * block)};
        if (type == "SpaceToDepth") return {in.elements, in.channels * block * block};
        if (type == "Resize" || type == "Upsample") return resized(node);
        if (type == "Slice") return sliced(node);
        if (type == "MaxPool" || type == "AveragePool") {
            const double strides = std::max(1.0, node.product("strides"));
            return {in.elements / strides, in.channels};
        }
        if (type == "Shape" || type == "Size" || type.rfind("Reduce", 0) == 0 ||
            type.rfind("Global", 0) == 0)
            return {0, in.channels};
        if (type == "Reshape" || type == "Transpose" || type == "Flatten") return {in.elements, 0};
        if (type == "Concat") return joined(node);
        Flow most;
        for (std::size_t i = 0; i < node.inputs.size(); i++) {
            const Flow each = flow(node, i);
            if (each.elements > most.elements) most = each;
        }
        return most;
    }

    Flow joined(const Node& node) const {
        Flow sum;
        for (std::size_t i = 0; i < node.inputs.size(); i++) {
            sum.elements += flow(node, i).elements;
            sum.channels += flow(node, i).channels;
        }
        if (node.number("axis", 1) != 1) sum.channels = flow(node, 0).channels;
        return sum;
    }

    void split(const Node& node) {
        const Constant* sizes = constant(node, 1);
        Numbers parts = sizes ? sizes->integers : Numbers();
        if (const auto old = node.integers.find("split"); old != node.integers.end())
            parts = old->second;
        if (parts.size() != node.outputs.size()) parts.assign(node.outputs.size(), 1);
        double total = 0;
        for (const auto part : parts) total += double(part);
        if (!(total > 0)) return;
        const Flow in = flow(node, 0);
        for (std::size_t i = 0; i < parts.size(); i++) {
            const double share = double(parts[i]) / total;
            flows_[node.outputs[i]] = {in.elements * share, in.channels * share};
        }
    }

    GraphSummary& summary_;
    std::map<std::string, Constant> constants_;
    std::map<std::string, Flow> flows_;
    std::map<std::string, double> byType_;
};

}  // namespace

GraphSummary summarise(std::string_view onnx) {
    GraphSummary summary;
    Walk walk(summary);
    for (Fields model(onnx); model.next();) {
        if (model.number() != field::modelGraph || model.wire() != 2) continue;
        const std::string_view graph = model.bytes();
        // Constants first, wherever they stand; nodes are in the order of computation.
        for (Fields fields(graph); fields.next();)
            if (fields.number() == field::graphInitializer) walk.add(constantFrom(fields.bytes()));
        for (Fields fields(graph); fields.next();) {
            if (fields.number() != field::graphInput) continue;
            for (Fields value(fields.bytes()); value.next();)
                if (value.number() == field::valueName) walk.begin(value.text());
        }
        for (Fields fields(graph); fields.next();)
            if (fields.number() == field::graphNode) walk.step(nodeFrom(fields.bytes()));
    }
    walk.finish();
    return summary;
}

}  // namespace acuity::model
