// What every reader of models ends with: ONNX that maps RGB to RGB, and the facts to run it.
#pragma once

#include <map>
#include <string>

namespace acuity::architectures {

/// What a person says about a model that its file does not, from --model-option NAME=VALUE.
using Options = std::map<std::string, std::string>;

/// A whole number from the options. Throws Error(usage) when it is none or outside of the bounds.
int number(const Options& options, const std::string& name, int otherwise, int least, int most);

/// A real number from the options, likewise.
double real(const Options& options, const std::string& name, double otherwise, double least,
            double most);

struct Network {
    std::string onnx;     // input and output [1, 3, height, width], RGB, 0-1 in sRGB
    std::string family;   // "ESRGAN"
    std::string details;  // hyper-parameters in words: "64 channels, 23 blocks"
    int scale = 1;        // output pixels per input pixel and axis
    int reach = 0;        // radius of the receptive field in input pixels
    int align = 1;        // input sides are best multiples of this
    bool global = false;  // a mean or attention reaches across the whole input: tiles differ a bit
    int fixedHeight = 0, fixedWidth = 0;  // the only input size it takes; 0: any
};

}  // namespace acuity::architectures
