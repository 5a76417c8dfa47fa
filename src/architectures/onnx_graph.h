// The graph of a foreign ONNX file as views into its bytes: enough to see what goes in, what comes
// out and which layers lie between.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace acuity::architectures::onnx {

/// Enumerators of TensorProto.DataType.
enum Element {
    kFloat = 1,
    kUint8 = 2,
    kInt32 = 6,
    kInt64 = 7,
    kBoolean = 9,
    kHalf = 10,
    kDouble = 11,
    kBfloat16 = 16
};

using Sides = std::vector<std::int64_t>;

struct Node {
    std::string_view bytes;  // the message as it stands in the file
    std::string_view op, domain;
    std::vector<std::string_view> inputs, outputs;

    /// An attribute's message, or nothing.
    std::string_view attribute(std::string_view name) const;
    /// A list of whole numbers, or a single one; empty when there is none.
    Sides integers(std::string_view name) const;
    std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
};

/// An input or output as it is declared.
struct Declared {
    std::string name;
    int type = 0;         // Element; 0 when it is no tensor
    bool shaped = false;  // whether a shape is given
    Sides shape;          // -1: any
};

struct File {
    int version = 0;         // of the format ("IR")
    std::int64_t opset = 0;  // of the standard operators; 0 when none is named
    std::vector<Node> nodes;
    std::vector<std::string_view> initializers;  // TensorProto
    std::vector<Declared> inputs, outputs;       // inputs without those that are initialisers
    std::vector<std::string_view> otherGraph;    // whole fields of GraphProto kept as they are
    std::unordered_set<std::string_view> functionDomains;
    std::unordered_map<std::string_view, std::string_view> constants;  // TensorProto by name
};

/// Throws Error(model) on damage, on a layer that uses what does not exist before it, and on more
/// layers than any upscaler has. The result holds views into `bytes`.
File read(std::string_view bytes);

/// Element of a tensor.
int typeOf(std::string_view tensor);
/// Sides of a tensor, an empty list when it is a scalar.
Sides sides(std::string_view tensor);
/// Elements of a small integer or float tensor (a shape, a few factors) as numbers; empty when it
/// is larger or of another type.
std::vector<double> values(std::string_view tensor);

}  // namespace acuity::architectures::onnx
