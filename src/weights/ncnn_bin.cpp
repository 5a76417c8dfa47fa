// The weights of an ncnn model, layer by layer. Large tensors stand behind a tag that tells how
// they are stored; biases, slopes and the like are plain f32.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/error.h"
#include "weights/ncnn.h"

namespace acuity::weights {
namespace {

constexpr std::uint32_t kHalf = 0x01306B47, kInt8 = 0x000D4B38, kScaledRaw = 0x0002C056;
constexpr std::size_t kAlignment = 4, kSlack = 16;
constexpr int kFromBlob = -233;

class Bin {
  public:
    Bin(std::string_view bytes, Weights& arena) : rest_(bytes), arena_(arena) {}

    std::string_view rest() const { return rest_; }

    /// Plain f32.
    Tensor raw(std::int64_t count) {
        return {Type::f32, {checked(count)}, take(std::uint64_t(count) * 4)};
    }

    /// Behind a tag: half stays half, int8 stays int8, a table of 256 values becomes f32.
    Tensor tagged(std::int64_t count) {
        checked(count);
        std::uint32_t tag;
        std::memcpy(&tag, take(sizeof tag).data(), sizeof tag);
        const auto size = std::uint64_t(count);
        if (tag == kHalf) return {Type::f16, {count}, padded(size * 2)};
        if (tag == kInt8) return {Type::i8, {count}, padded(size)};
        if (tag == 0 || tag == kScaledRaw) return raw(count);
        const std::string_view table = take(256 * 4), indices = padded(size);
        std::string values(indices.size() * 4, '\0');
        for (std::size_t i = 0; i < indices.size(); ++i)
            std::memcpy(&values[4 * i], &table[4 * static_cast<unsigned char>(indices[i])], 4);
        return own(arena_, Type::f32, {count}, std::move(values));
    }

    /// int8 / scale, with a scale for each of as many equal parts as there are scales.
    Tensor scaled(const Tensor& weight, const Tensor& scales) {
        std::vector<float> values = floats(weight);
        const std::vector<float> by = floats(scales);
        if (by.empty() || values.size() % by.size() != 0)
            throw Error(Kind::model, "it is damaged: int8 weights do not fit their scales");
        const std::size_t part = values.size() / by.size();
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = by[i / part] == 0 ? 0 : values[i] / by[i / part];
        return own(arena_, weight.shape, values);
    }

  private:
    static std::int64_t checked(std::int64_t count) {
        if (count < 0 || count > std::int64_t(1) << 40)
            throw Error(Kind::model, "it is damaged: a layer claims an impossible size");
        return count;
    }
    std::string_view take(std::uint64_t bytes) {
        if (bytes > rest_.size())
            throw Error(Kind::model, "its weights are cut off, or belong to another graph");
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }
    std::string_view padded(std::uint64_t bytes) {
        return take((bytes + kAlignment - 1) / kAlignment * kAlignment).substr(0, bytes);
    }

    std::string_view rest_;
    Weights& arena_;
};

/// A weight behind a tag, perhaps a bias, perhaps scales of int8 (`scales` of them).
void weighted(NcnnLayer& layer, Bin& bin, int size, int bias, int outputs, int int8, int scales) {
    Tensor weight = bin.tagged(size);
    if (bias) layer.weights.push_back(bin.raw(outputs));
    if (int8) {
        const Tensor by = bin.raw(scales);
        bin.raw(1);                  // of the input
        if (int8 > 100) bin.raw(1);  // of the output
        if (weight.type == Type::i8) weight = bin.scaled(weight, by);
    }
    if (weight.type == Type::i8)
        throw Error(Kind::model, "its " + layer.called() + " has int8 weights without scales");
    layer.weights.insert(layer.weights.begin(), weight);
}

void convolution(NcnnLayer& layer, Bin& bin) {
    if (layer.integer(19) || layer.integer(28))
        throw Error(Kind::model, "its " + layer.called() + " takes its weights from another layer");
    const int outputs = layer.integer(0), int8 = layer.integer(8);
    const bool deep = layer.type == "ConvolutionDepthWise";
    const int scales = !deep ? outputs : int8 % 100 == 2 ? 1 : layer.integer(7, 1);
    weighted(layer, bin, layer.integer(6), layer.integer(5), outputs, int8, scales);
}

void innerProduct(NcnnLayer& layer, Bin& bin) {
    weighted(layer, bin, layer.integer(2), layer.integer(1), layer.integer(0), layer.integer(8),
             layer.integer(0));
}

/// `tensors` of plain f32, as many values each as parameter `key` says.
void plain(NcnnLayer& layer, Bin& bin, int tensors, int key) {
    for (int i = 0; i < tensors; ++i) layer.weights.push_back(bin.raw(layer.integer(key)));
}

void memoryData(NcnnLayer& layer, Bin& bin) {
    Shape shape;  // from the outermost on
    for (const int key : {2, 11, 1, 0})
        if (const int side = layer.integer(key)) shape.push_back(side);
    const auto count = std::int64_t(elements(shape));
    Tensor data = layer.integer(21, 1) == 1 ? bin.raw(count) : bin.tagged(count);
    data.shape = shape;
    layer.weights.push_back(data);
}

using Reader = void (*)(NcnnLayer&, Bin&);

const std::unordered_map<std::string, Reader>& readers() {
    static const std::unordered_map<std::string, Reader> all = [] {
        std::unordered_map<std::string, Reader> map{
            {"Convolution", convolution},
            {"ConvolutionDepthWise", convolution},
            {"Deconvolution", convolution},
            {"DeconvolutionDepthWise", convolution},
            {"InnerProduct", innerProduct},
            {"MemoryData", memoryData},
            {"PReLU", [](NcnnLayer& l, Bin& b) { plain(l, b, 1, 0); }},
            {"Bias", [](NcnnLayer& l, Bin& b) { plain(l, b, 1, 0); }},
            {"BatchNorm", [](NcnnLayer& l, Bin& b) { plain(l, b, 4, 0); }},
            {"Padding", [](NcnnLayer& l, Bin& b) { plain(l, b, l.integer(6) ? 1 : 0, 6); }},
            {"InstanceNorm", [](NcnnLayer& l, Bin& b) { plain(l, b, l.integer(2, 1) ? 2 : 0, 0); }},
            {"LayerNorm", [](NcnnLayer& l, Bin& b) { plain(l, b, l.integer(2, 1) ? 2 : 0, 0); }},
            {"RMSNorm", [](NcnnLayer& l, Bin& b) { plain(l, b, l.integer(2, 1) ? 1 : 0, 0); }},
            {"GroupNorm", [](NcnnLayer& l, Bin& b) { plain(l, b, l.integer(3, 1) ? 2 : 0, 1); }},
            {"Scale", [](NcnnLayer& l, Bin& b) {
                 if (l.integer(0) != kFromBlob) plain(l, b, l.integer(1) ? 2 : 1, 0);
             }}};
        for (const char* type :
             {"AbsVal",       "BinaryOp",    "CELU",      "Cast",           "Clip",
              "Concat",       "Crop",        "DeepCopy",  "Dropout",        "ELU",
              "Eltwise",      "Erf",         "Exp",       "ExpandDims",     "Flatten",
              "GELU",         "HardSigmoid", "HardSwish", "Input",          "Interp",
              "Log",          "MatMul",      "Mish",      "Noop",           "Permute",
              "PixelShuffle", "Pooling",     "Power",     "ReLU",           "Reduction",
              "Reorg",        "Reshape",     "SELU",      "ShuffleChannel", "Sigmoid",
              "Slice",        "Softmax",     "Softplus",  "Split",          "Squeeze",
              "Swish",        "TanH",        "UnaryOp"})
            map[type] = [](NcnnLayer&, Bin&) {};
        return map;
    }();
    return all;
}

}  // namespace

void parseNcnnBin(NcnnModel& model, std::string_view bytes) {
    // Named first: of all reasons this one tells most.
    for (const NcnnLayer& layer : model.layers)
        if (!readers().count(layer.type))
            throw Error(Kind::model, "its " + layer.called() +
                                         " is of a type that Acuity does "
                                         "not run");
    Bin bin(bytes, model.arena);
    for (NcnnLayer& layer : model.layers) {
        layer.weights.clear();
        readers().at(layer.type)(layer, bin);
    }
    if (bin.rest().size() > kSlack)
        throw Error(Kind::model, "its weights are " + std::to_string(bin.rest().size()) +
                                     " bytes longer than its graph needs: they belong to another "
                                     "graph, or are damaged");
}

}  // namespace acuity::weights
