// Nodes of a TensorFlow graph as layers of ours. TensorFlow counts axes as [1, height, width,
// channels]; the maps here are [1, channels, height, width] all along, and a graph's own
// transpositions only change how it counts.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "architectures/graph.h"
#include "weights/tensorflow.h"

namespace acuity::architectures {

enum class Axes { nhwc, nchw, nhw };  // the last: the channels were averaged away

/// A whole number that may hang on the input's size: how shapes are computed in a graph.
struct Side {
    double value = 0;
    bool relative = false;  // times the input's height or width
};

/// What a node gives: a map, or a constant (with its numbers where these may be sizes), or sizes.
struct Item {
    Value value;
    Axes axes = Axes::nhwc;
    std::array<double, 2> extra{};  // rows and columns more than value.scale times the input
    int dilation = 1;               // between SpaceToBatchND and BatchToSpaceND
    bool isMap = false;
    const Tensor* constant = nullptr;
    std::vector<Side> sizes;
};

/// Whether the node's first input may be left alone: an output shape that follows from the rest.
bool ignoresFirst(const weights::TensorflowNode& node);

/// The outputs of a node, mostly one. Throws Error(model) naming it when it is of no kind that is
/// known, or does not fit what it stands on.
std::vector<Item> translated(Graph& graph, const weights::TensorflowNode& node,
                             const std::vector<Item>& inputs);

}  // namespace acuity::architectures
