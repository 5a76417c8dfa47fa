// What an ONNX graph says about its own size and cost, read without running it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace acuity::model {

struct GraphSummary {
    double parameters = 0;  // elements of the constants that are no integers
    /// Multiply-adds per pixel of the input, of convolutions and of products with constants.
    double operationsPerPixel = 0;
    /// Products whose size depends on shapes that are only known at run time: not counted above.
    int uncounted = 0;
    std::map<std::string, int> operators;  // by name, how many nodes
    std::string stored;                    // type of most parameters: "f32", "f16", ...
};

/// Damage and unknown operators only make the figures smaller.
GraphSummary summarise(std::string_view onnx);

}  // namespace acuity::model
