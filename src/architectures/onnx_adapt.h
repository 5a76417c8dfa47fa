// Layers that stand between Acuity's RGB and what a foreign network takes and gives.
#pragma once

#include <array>
#include <string>

#include "architectures/colour.h"
#include "architectures/graph.h"
#include "architectures/network.h"

namespace acuity::architectures::onnx {

/// A picture as a foreign network takes or gives it.
struct Port {
    std::string name;
    int type = 1;  // Element
    int channels = 3;
    bool lastAxis = false;  // whether channels are the last axis (NHWC)
    // The network's value is (range * x - mean) / deviation for x from 0 to 1.
    double range = 1;
    std::array<double, 3> mean{0, 0, 0}, deviation{1, 1, 1};
    bool bgr = false;

    bool plain() const;  // float RGB 0-1, channels first
};

/// `port` with what the options say of it; `prefix` is "" for inputs and "out" for outputs.
/// Throws Error(usage).
Port described(Port port, const Options& options, const std::string& prefix);

constexpr const char* kInput = "acuity/input";
constexpr const char* kOutput = "acuity/output";

/// Layers from kInput to the port, as fields of GraphProto.
std::string before(const Port& port, Luma luma);

/// Layers from the port to kOutput. Brightness alone gets the input's colours, `scale` times
/// enlarged.
std::string after(const Port& port, Luma luma, int scale);

}  // namespace acuity::architectures::onnx
