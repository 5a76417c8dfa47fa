// Models of the ncnn tools carry their graph: it is written as ONNX layer by layer.
#pragma once

#include <string>

#include "architectures/network.h"
#include "weights/ncnn.h"

namespace acuity::architectures {

/// The network of a graph with one input and one output, both RGB 0-1 as the ncnn tools for
/// enlarging have it. Networks that shrink the picture by a border, or want sides that are
/// multiples of something, get a repeated border and a cut inside the graph, so that
/// [1, 3, h, w] becomes [1, 3, scale h, scale w] for any size.
/// Throws Error(model) naming the layer that is unknown or does not fit.
Network fromNcnn(const weights::NcnnModel& model, const Options& options,
                 const std::string& fileName);

}  // namespace acuity::architectures
