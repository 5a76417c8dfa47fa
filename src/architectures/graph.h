// Writes ONNX (opset 17): a network is built layer by layer, and every value knows its resolution
// and how far it sees. Values are maps [1, channels, height, width] unless a function says other.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "weights/protobuf.h"
#include "weights/tensor.h"

namespace acuity::architectures {

using weights::Shape;
using weights::Tensor;

/// A tensor of the graph.
struct Value {
    std::string name;
    int channels = 0;  // of a map; 0 where it is not known or no map
    double scale = 1;  // pixels per input pixel and axis
    double reach = 0;  // input pixels on each side that a pixel depends on
};

using Attribute =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>>;
using Attributes = std::map<std::string, Attribute>;

/// The messages of onnx.proto of which a graph is made; `type` is its enumerator for the elements.
weights::Message nodeProto(const std::string& op, const std::vector<std::string>& inputs,
                           const std::vector<std::string>& outputs,
                           const Attributes& attributes = {});
weights::Message tensorProto(const std::string& name, int type, const Shape& shape,
                             std::string_view bytes);
/// An input or output: float [1, channels, any height, any width]; 0 channels: any.
weights::Message valueInfo(const std::string& name, int channels);

/// Keys' bicubic (a = -0.5) as 5x5 kernels, one for each of the factor * factor pixels that a pixel
/// becomes, row by row.
std::vector<float> bicubicTaps(int factor);

struct Convolution {
    int stride = 1;
    int pad = -1;  // -1: so that a stride of 1 keeps the size
    int dilation = 1;
    int groups = 1;
};

class Graph {
  public:
    /// One input, "input": [1, channels, height, width].
    explicit Graph(int channels = 3);

    const Value& input() const { return input_; }

    // Constants. Half-precision tensors (f16, bf16 where exact) are stored so, behind a Cast.
    Value constant(const Tensor& tensor);
    Value constant(const Shape& shape, const std::vector<float>& values);
    Value scalar(float value);
    Value integers(const std::vector<std::int64_t>& values);  // [n] of int64
    Value integer(std::int64_t value);                        // [] of int64

    /// Any operator. Scale and channels are those of the first input, the reach is the largest.
    Value node(const std::string& op, const std::vector<Value>& inputs,
               const Attributes& attributes = {});
    /// An operator with several outputs.
    std::vector<Value> nodes(const std::string& op, const std::vector<Value>& inputs, int outputs,
                             const Attributes& attributes = {});

    // Layers. Weights [out, in / groups, h, w], bias [out] or null. Throw Error(model) when the
    // shapes do not fit.
    Value conv(const Value& x, const Tensor& weight, const Tensor* bias, Convolution how = {});
    /// Weights [in, out / groups, h, w]; the result is (size - 1) * stride - 2 pad + h + extra.
    Value deconv(const Value& x, const Tensor& weight, const Tensor* bias, int stride, int pad,
                 int extra = 0, int groups = 1);
    /// Keeps [n, *] -> [n, out]; weight [out, in] as PyTorch's Linear has it, on the last axis.
    Value linear(const Value& x, const Tensor& weight, const Tensor* bias);
    /// Over the last axis.
    Value layerNorm(const Value& x, const Tensor& weight, const Tensor* bias,
                    float epsilon = 1e-5f);

    // Element by element; shapes broadcast.
    Value add(const Value& a, const Value& b) { return node("Add", {a, b}); }
    /// Of two maps with as many channels. Throws Error(model) when they have not.
    Value sum(const Value& a, const Value& b);
    Value product(const Value& a, const Value& b);
    Value sub(const Value& a, const Value& b) { return node("Sub", {a, b}); }
    Value mul(const Value& a, const Value& b) { return node("Mul", {a, b}); }
    Value div(const Value& a, const Value& b) { return node("Div", {a, b}); }
    Value times(const Value& x, float factor);  // nothing is written when it is 1
    Value plus(const Value& x, float offset);
    Value relu(const Value& x) { return node("Relu", {x}); }
    Value leakyRelu(const Value& x, float slope);
    Value prelu(const Value& x, const Tensor& slopes);  // one, or one for each channel
    Value sigmoid(const Value& x) { return node("Sigmoid", {x}); }
    Value tanh(const Value& x) { return node("Tanh", {x}); }
    Value silu(const Value& x) { return mul(x, sigmoid(x)); }
    Value gelu(const Value& x);  // the exact one, with erf
    Value clip(const Value& x, float low, float high);

    // Shapes.
    Value concat(const std::vector<Value>& parts, int axis = 1);
    /// Channels from (included) to (excluded).
    Value channels(const Value& x, int from, int to);
    std::vector<Value> split(const Value& x, const std::vector<int>& channels);
    Value slice(const Value& x, int axis, std::int64_t from, std::int64_t to);
    /// Cuts so many pixels off all four sides.
    Value crop(const Value& x, int border);
    /// Repeats the border ("edge"), mirrors it ("reflect") or adds zeros ("constant").
    Value pad(const Value& x, int border, const std::string& mode);
    Value reshape(const Value& x, const std::vector<std::int64_t>& shape);  // 0 keeps, -1 the rest
    Value reshape(const Value& x, std::initializer_list<std::int64_t> shape) {
        return reshape(x, std::vector<std::int64_t>(shape));  // {0, ...} would do for a Value, too
    }
    Value reshape(const Value& x, const Value& shape);
    Value transpose(const Value& x, const std::vector<std::int64_t>& order);
    Value matmul(const Value& a, const Value& b) { return node("MatMul", {a, b}); }
    Value softmax(const Value& x, int axis);
    Value shapeOf(const Value& x) { return node("Shape", {x}); }  // int64 [rank]

    // Resolution.
    Value pixelShuffle(const Value& x, int factor);    // as PyTorch orders channels
    Value pixelUnshuffle(const Value& x, int factor);  // its inverse
    Value nearest(const Value& x, int factor);
    /// PyTorch's interpolate(align_corners=False); modes "linear" and "cubic" (a = -0.75).
    Value resized(const Value& x, double factor, const std::string& mode);
    /// Bilinear to the exact height and width of another value, which is no whole factor away:
    /// PyTorch's interpolate(size=..., align_corners=False).
    Value resizedLike(const Value& x, const Value& size);
    /// Keys' bicubic (a = -0.5), exact and fast: a convolution and a pixel shuffle; channels apart.
    /// Border pixels see zeros beyond the tile, which the halo covers.
    Value bicubic(const Value& x, int factor);
    Value maxPool(const Value& x, int kernel, int stride, int pad = 0) {
        return pool("MaxPool", x, kernel, stride, pad);
    }
    Value averagePool(const Value& x, int kernel, int stride, int pad = 0) {
        return pool("AveragePool", x, kernel, stride, pad);
    }
    Value globalMean(const Value& x);  // [1, channels, 1, 1]; reach stays: see Network::global

    /// The whole file, once: the graph is empty afterwards. `output` becomes "output"; `about` goes
    /// into the metadata.
    std::string onnx(const Value& output, const std::map<std::string, std::string>& about = {});

    /// Bytes of constants so far.
    std::uint64_t weightBytes() const { return weightBytes_; }

  private:
    std::string fresh() { return "v" + std::to_string(++names_); }
    Value pool(const std::string& op, const Value& x, int kernel, int stride, int pad);
    Value initializer(int type, const Shape& shape, std::string_view bytes);

    Value input_;
    weights::Message body_;  // nodes, then initialisers, as GraphProto fields
    int names_ = 0, convolutions_ = 0;
    std::uint64_t weightBytes_ = 0;
};

}  // namespace acuity::architectures
