// What the layers of a foreign graph amount to: pixel shuffles written out for one size, the factor
// by which a value is larger than the input, and the network inside a wrapper of other operators.
#pragma once

#include <map>
#include <optional>

#include "architectures/onnx_graph.h"

namespace acuity::architectures::onnx {

/// Reshape, Transpose, Reshape with the sizes of one picture in them, which is how older exporters
/// write a pixel shuffle (or its inverse).
struct Shuffle {
    std::size_t reshape = 0, transpose = 0, last = 0;  // indices of the nodes
    int factor = 1;
    int channels = 0;           // of the larger picture
    bool up = true;             // to more pixels, or to more channels
    bool channelsFirst = true;  // the order of PyTorch (CRD), or of TensorFlow (DCR)
};

std::vector<Shuffle> findShuffles(const File& file);

/// The nodes and constants that do the same at any size, as fields of GraphProto. `number` keeps
/// their names apart.
std::string written(const Shuffle& shuffle, const File& file, int number);

/// Pixels of `output` per pixel of `input` and axis, or nothing when the layers do not show it.
std::optional<double> scaleBetween(const File& file, const std::vector<Shuffle>& shuffles,
                                   std::string_view input, std::string_view output);

/// A network of which only a part is kept.
struct Inner {
    std::string input, output;
    int channels = 0, type = 0;  // of the input
    std::vector<bool> kept;      // for each node
};

/// Whether the engine may know the operator.
bool isKnown(const Node& node, const File& file);

/// The largest network from a first convolution of 1 or 3 channels to the last layer that makes
/// pixels, none of whose layers needs anything but that input and constants.
std::optional<Inner> findInner(const File& file, const std::vector<Shuffle>& shuffles);

}  // namespace acuity::architectures::onnx
