// The graph of an ncnn model: "7767517", the numbers of layers and blobs, and a line for each
// layer: type, name, numbers of inputs and outputs, their names, and key=value. A key of -23300 - k
// holds a list for k: its length and its values. The binary form has the same as 32-bit integers.
#include <bit>
#include <charconv>
#include <cstring>
#include <unordered_set>

#include "base/error.h"
#include "base/files.h"
#include "weights/ncnn.h"

namespace acuity::weights {
namespace {

constexpr std::int32_t kMagic = 7767517, kEnd = -233, kList = -23300;
constexpr std::int64_t kMostLayers = 50'000, kMostBlobs = 100'000, kMostKey = 63;
constexpr std::size_t kMostBytes = 64 << 20;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(Kind::model, what);
}

void checkCounts(std::int64_t layers, std::int64_t blobs) {
    if (layers < 1 || blobs < 1) refuse("it is an ncnn graph without layers");
    if (layers > kMostLayers || blobs > kMostBlobs)
        refuse("it claims " + std::to_string(layers) + " layers and " + std::to_string(blobs) +
               " blobs; Acuity reads up to " + std::to_string(kMostLayers) + " and " +
               std::to_string(kMostBlobs));
}

/// Takes pieces separated by any of `marks` off the front.
class Pieces {
  public:
    explicit Pieces(std::string_view text, std::string_view marks = " \t\r")
        : rest_(text), marks_(marks) {}
    /// The next piece, or an empty one at the end.
    std::string_view next() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(marks_), rest_.size()));
        const std::string_view piece = rest_.substr(0, rest_.find_first_of(marks_));
        rest_.remove_prefix(piece.size());
        return piece;
    }

  private:
    std::string_view rest_, marks_;
};

template <class T>
bool number(std::string_view text, T& value) {
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::int64_t count(std::string_view text, const std::string& what) {
    std::int64_t value = 0;
    if (!number(text, value) || value < 0 || value > INT32_MAX)
        refuse("it is damaged: " + what + " is " + inQuotes(std::string(text.substr(0, 40))));
    return value;
}

NcnnNumber numberOf(std::string_view text, const NcnnLayer& layer) {
    std::int32_t whole = 0;
    float real = 0;
    if (number(text, whole))
        return {NcnnNumber::Kind::integer, std::bit_cast<std::uint32_t>(whole)};
    // Limits are written as 3.402823e+38, which rounds beyond the range in some writers.
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
    if (text.empty() || end != text.data() + text.size() || error == std::errc::invalid_argument)
        refuse("its " + layer.called() + " has a parameter " +
               inQuotes(std::string(text.substr(0, 40))) + ", which is no number");
    if (error == std::errc::result_out_of_range)
        real = text.find("e-") == text.npos ? (text.front() == '-' ? -3.4e38f : 3.4e38f) : 0.0f;
    return {NcnnNumber::Kind::real, std::bit_cast<std::uint32_t>(real)};
}

void readParameter(std::string_view text, NcnnLayer& layer) {
    const std::size_t equals = text.find('=');
    std::int32_t key = 0;
    if (equals == text.npos || !number(text.substr(0, equals), key))
        refuse("it is damaged: " + layer.called() + " has a parameter " +
               inQuotes(std::string(text.substr(0, 40))));
    const bool list = key <= kList;
    const std::int64_t real = list ? std::int64_t(kList) - key : key;
    if (real < 0 || real > kMostKey)
        refuse("its " + layer.called() + " has a parameter number " + std::to_string(key));
    std::vector<NcnnNumber> values;
    Pieces pieces(text.substr(equals + 1), ",");
    const std::string_view first = pieces.next();
    if (!list) values.push_back(numberOf(first, layer));
    const std::int64_t length = list ? count(first, "the length of a list") : 0;
    for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next())
        values.push_back(numberOf(piece, layer));
    if (list && length != std::int64_t(values.size()))
        refuse("it is damaged: a list of its " + layer.called() + " is not as long as it says");
    layer.numbers[static_cast<int>(real)] = std::move(values);
}

NcnnLayer readLine(std::string_view line) {
    Pieces pieces(line);
    NcnnLayer layer;
    layer.type = pieces.next();
    layer.name = pieces.next();
    const std::int64_t inputs = count(pieces.next(), "a layer's number of inputs");
    const std::int64_t outputs = count(pieces.next(), "a layer's number of outputs");
    for (std::int64_t i = 0; i < inputs + outputs; ++i) {
        const std::string_view blob = pieces.next();
        if (blob.empty()) refuse("it is damaged: " + layer.called() + " lacks names of blobs");
        (i < inputs ? layer.inputs : layer.outputs).emplace_back(blob);
    }
    for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next())
        readParameter(piece, layer);
    return layer;
}

NcnnModel parseText(std::string_view text) {
    Pieces lines(text, "\n");
    lines.next();  // the magic number
    Pieces counts(lines.next());
    const std::int64_t layers = count(counts.next(), "the number of layers");
    const std::int64_t blobs = count(counts.next(), "the number of blobs");
    checkCounts(layers, blobs);
    NcnnModel model;
    std::int64_t made = 0;
    for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
        if (Pieces(line).next().empty()) continue;
        if (std::int64_t(model.layers.size()) == layers)
            refuse("it is damaged: it has more layers than the " + std::to_string(layers) +
                   " it declares");
        model.layers.push_back(readLine(line));
        made += std::int64_t(model.layers.back().outputs.size());
        if (made > blobs)
            refuse("it is damaged: its layers make more blobs than the " + std::to_string(blobs) +
                   " it declares");
    }
    if (std::int64_t(model.layers.size()) < layers)
        refuse("it is cut off: it declares " + std::to_string(layers) + " layers and has " +
               std::to_string(model.layers.size()));
    return model;
}

// Types of layers by the number that binary files have for them.
constexpr const char* kTypes[] = {"AbsVal",
                                  "ArgMax",
                                  "BatchNorm",
                                  "Bias",
                                  "BNLL",
                                  "Concat",
                                  "Convolution",
                                  "Crop",
                                  "Deconvolution",
                                  "Dropout",
                                  "Eltwise",
                                  "ELU",
                                  "Embed",
                                  "Exp",
                                  "Flatten",
                                  "InnerProduct",
                                  "Input",
                                  "Log",
                                  "LRN",
                                  "MemoryData",
                                  "MVN",
                                  "Pooling",
                                  "Power",
                                  "PReLU",
                                  "Proposal",
                                  "Reduction",
                                  "ReLU",
                                  "Reshape",
                                  "ROIPooling",
                                  "Scale",
                                  "Sigmoid",
                                  "Slice",
                                  "Softmax",
                                  "Split",
                                  "SPP",
                                  "TanH",
                                  "Threshold",
                                  "Tile",
                                  "RNN",
                                  "LSTM",
                                  "BinaryOp",
                                  "UnaryOp",
                                  "ConvolutionDepthWise",
                                  "Padding",
                                  "Squeeze",
                                  "ExpandDims",
                                  "Normalize",
                                  "Permute",
                                  "PriorBox",
                                  "DetectionOutput",
                                  "Interp",
                                  "DeconvolutionDepthWise",
                                  "ShuffleChannel",
                                  "InstanceNorm",
                                  "Clip",
                                  "Reorg",
                                  "YoloDetectionOutput",
                                  "Quantize",
                                  "Dequantize",
                                  "Yolov3DetectionOutput",
                                  "PSROIPooling",
                                  "ROIAlign",
                                  "Packing",
                                  "Requantize",
                                  "Cast",
                                  "HardSigmoid",
                                  "SELU",
                                  "HardSwish",
                                  "Noop",
                                  "PixelShuffle",
                                  "DeepCopy",
                                  "Mish",
                                  "StatisticsPooling",
                                  "Swish",
                                  "Gemm",
                                  "GroupNorm",
                                  "LayerNorm",
                                  "Softplus",
                                  "GRU",
                                  "MultiHeadAttention",
                                  "GELU",
                                  "Convolution1D",
                                  "Pooling1D",
                                  "ConvolutionDepthWise1D",
                                  "Convolution3D",
                                  "ConvolutionDepthWise3D",
                                  "Pooling3D",
                                  "MatMul",
                                  "Deconvolution1D",
                                  "DeconvolutionDepthWise1D",
                                  "Deconvolution3D",
                                  "DeconvolutionDepthWise3D",
                                  "Einsum",
                                  "DeformableConv2D",
                                  "GLU",
                                  "Fold",
                                  "Unfold",
                                  "GridSample",
                                  "CumulativeSum",
                                  "CopyTo",
                                  "Erf",
                                  "Diag",
                                  "CELU",
                                  "Shrink",
                                  "RMSNorm",
                                  "Spectrogram",
                                  "InverseSpectrogram",
                                  "Flip",
                                  "SDPA",
                                  "RotaryEmbed"};

/// 32-bit integers off the front.
class Words {
  public:
    explicit Words(std::string_view bytes) : rest_(bytes) {}
    std::int32_t next() {
        if (left() == 0) refuse("it is cut off");
        std::int32_t value;
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    std::int64_t left() const { return std::int64_t(rest_.size() / sizeof(std::int32_t)); }
    /// A number of things of which each takes a word or more.
    std::int32_t count() {
        const std::int32_t value = next();
        if (value < 0 || value > left()) refuse("it is cut off or damaged");
        return value;
    }

  private:
    std::string_view rest_;
};

NcnnLayer readWords(Words& words, std::int32_t number) {
    NcnnLayer layer;
    const std::int32_t type = words.next();
    layer.type = type >= 0 && type < std::int32_t(std::size(kTypes))
                     ? kTypes[type]
                     : "number " + std::to_string(type);
    layer.name = std::to_string(number);
    const std::int32_t inputs = words.count(), outputs = words.count();
    for (std::int32_t i = 0; i < inputs; ++i) layer.inputs.push_back(std::to_string(words.next()));
    for (std::int32_t i = 0; i < outputs; ++i)
        layer.outputs.push_back(std::to_string(words.next()));
    for (std::int32_t key = words.next(); key != kEnd; key = words.next()) {
        const bool list = key <= kList;
        const std::int64_t real = list ? std::int64_t(kList) - key : key;
        if (real < 0 || real > kMostKey)
            refuse("its " + layer.called() + " has a parameter number " + std::to_string(key));
        std::vector<NcnnNumber> values(list ? std::size_t(words.count()) : 1);
        for (NcnnNumber& value : values)
            value = {NcnnNumber::Kind::untold, std::bit_cast<std::uint32_t>(words.next())};
        layer.numbers[static_cast<int>(real)] = std::move(values);
    }
    return layer;
}

NcnnModel parseBinary(std::string_view bytes) {
    Words words(bytes);
    words.next();  // the magic number
    const std::int32_t layers = words.next(), blobs = words.next();
    checkCounts(layers, blobs);
    NcnnModel model;
    std::int64_t made = 0;
    for (std::int32_t i = 0; i < layers; ++i) {
        model.layers.push_back(readWords(words, i));
        made += std::int64_t(model.layers.back().outputs.size());
        if (made > blobs) refuse("it is damaged: its layers make more blobs than it declares");
    }
    return model;
}

/// Every blob is made once, before it is taken: what rules out loops.
void checkBlobs(const NcnnModel& model) {
    std::unordered_set<std::string_view> made;
    for (const NcnnLayer& layer : model.layers) {
        for (const std::string& blob : layer.inputs)
            if (!made.count(blob))
                refuse("its " + layer.called() + " takes a blob " + inQuotes(blob.substr(0, 60)) +
                       " that no layer before it makes");
        for (const std::string& blob : layer.outputs)
            if (!made.insert(blob).second)
                refuse("two of its layers make a blob " + inQuotes(blob.substr(0, 60)));
    }
}

bool isBinary(std::string_view bytes) {
    return bytes.size() >= 12 && Words(bytes).next() == kMagic;
}

}  // namespace

bool isNcnnParam(std::string_view bytes) {
    const std::string_view first = Pieces(bytes.substr(0, 64), " \t\r\n").next();
    return isBinary(bytes) || first == std::to_string(kMagic);
}

NcnnModel parseNcnnParam(std::string_view bytes) {
    if (bytes.size() > kMostBytes) refuse("its graph is larger than 64 MB");
    if (!isNcnnParam(bytes)) refuse("it is no ncnn graph");
    NcnnModel model = isBinary(bytes) ? parseBinary(bytes) : parseText(bytes);
    checkBlobs(model);
    return model;
}

}  // namespace acuity::weights
