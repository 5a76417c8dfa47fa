// TensorFlow's frozen graphs (GraphDef, ".pb"): the nodes and the tensors in them. What the nodes
// mean is architectures/tensorflow's business.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/tensor.h"

namespace acuity::weights {

/// One attribute of a node: of the fields, the one that the file has.
struct TensorflowAttribute {
    std::string text;
    std::int64_t integer = 0;  // also booleans and types
    float real = 0;
    std::vector<std::int64_t> integers;
    std::optional<Shape> shape;  // -1: any
    std::optional<Tensor> tensor;
};

struct TensorflowNode {
    std::string name, op;
    std::vector<std::string> inputs;  // "name", or "name:1" for a second output; no control inputs
    std::map<std::string, TensorflowAttribute> attributes;
};

struct TensorflowGraph {
    std::vector<TensorflowNode> nodes;
    Weights weights;  // keeps the tensors' bytes alive; the rest of them lies in the file's bytes
};

/// Whether a file begins as a GraphDef does: with a node that has a name and an operation.
bool isTensorflow(std::string_view bytes);

/// `bytes` must outlive the result. Throws Error(model) on damage, on types of tensors other than
/// half, float, double, int32, int64 and bool, and on tensors that claim more than the file can
/// hold.
TensorflowGraph parseTensorflow(std::string_view bytes);

}  // namespace acuity::weights
