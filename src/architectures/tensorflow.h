// TensorFlow's frozen graphs as OpenCV's dnn_superres has them (EDSR, ESPCN, FSRCNN, LapSRN): the
// graph is in the file, so that it is translated node by node.
#pragma once

#include <string_view>

#include "architectures/network.h"

namespace acuity::architectures {

/// Networks of one channel run on brightness (BT.601, full range, 0-1) with the colour resampled;
/// networks of three get BGR, 0-255, less the mean that dnn_superres takes off unless the graph
/// does so itself. Options: range=1 or 255, order=rgb or bgr, mean=0 or 1, output=NODE.
/// Throws Error(model), naming an operation that it does not know.
Network fromTensorflow(std::string_view bytes, const Options& options, const std::string& fileName);

}  // namespace acuity::architectures
