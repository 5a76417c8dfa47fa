// Models of the ncnn tools: a graph in FILE.param (text or binary) and its weights in FILE.bin.
//
// The .bin has neither names nor sizes: what each layer reads follows from its parameters, in the
// graph's order. A .param counts as hostile as a .bin.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights/tensor.h"

namespace acuity::weights {

/// A parameter's value. Text says which kind a number is; binary files leave it to the reader.
struct NcnnNumber {
    enum class Kind { integer, real, untold };
    Kind kind = Kind::integer;
    std::uint32_t bits = 0;
};

struct NcnnLayer {
    std::string type, name;
    std::vector<std::string> inputs, outputs;        // names of blobs
    std::map<int, std::vector<NcnnNumber>> numbers;  // parameters; a single value is a list of one
    std::vector<Tensor> weights;                     // flat, in the file's order: weight, bias...

    /// Parameters by key. Throw Error(model) where the value does not fit the type asked for.
    int integer(int key, int otherwise = 0) const;
    float real(int key, float otherwise = 0) const;
    std::vector<int> integers(int key) const;
    std::vector<float> reals(int key) const;
    /// "layer 'conv1' (Convolution)", for messages.
    std::string called() const;
};

struct NcnnModel {
    std::vector<NcnnLayer>
        layers;     // in an order in which they can be computed, if the file is sane
    Weights arena;  // keeps the tensors' bytes alive
};

/// Whether this is a .param, text or binary.
bool isNcnnParam(std::string_view bytes);

/// Whether `path` is a .param, or a .bin with a .param beside it.
bool isNcnn(const std::string& path);

/// The two files of which `path` is either: x.param or x.param.bin, and x.bin. The graph is "" when
/// there is none; the weights may be missing.
struct NcnnPair {
    std::string graph, weights;
};
NcnnPair ncnnPair(const std::string& path);

/// Reads graph and weights; `path` is either file of the pair (x.param or x.param.bin with x.bin).
/// Throws Error(model), also when the other file is missing, which the sentence then names.
NcnnModel readNcnn(const std::string& path);

/// The graph alone.
NcnnModel parseNcnnParam(std::string_view bytes);

/// Gives the layers of `model` their weights; `bytes` must outlive it. Half-precision weights stay
/// as they are, int8 and table-quantised ones become f32.
void parseNcnnBin(NcnnModel& model, std::string_view bytes);

}  // namespace acuity::weights
