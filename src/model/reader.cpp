#include "model/reader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "architectures/families.h"
#include "architectures/ncnn.h"
#include "architectures/onnx_file.h"
#include "architectures/tensorflow.h"
#include "base/error.h"
#include "base/files.h"
#include "model/onnx_facts.h"
#include "weights/mapped.h"
#include "weights/read.h"
#include "weights/tensorflow.h"

namespace acuity::model {
namespace fs = std::filesystem;
using architectures::Network;
using architectures::Options;

bool namesFile(const std::string& name) {
    static constexpr std::array kEndings{".onnx", ".safetensors", ".pth",   ".pt",
                                         ".ckpt", ".bin",         ".param", ".pb"};
    const std::string ending = fs::path(name).extension().string();
    return name.find('/') != std::string::npos ||
           std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

namespace {

/// A word that no reader knows is a slip of the pen. (ONNX has names of inputs besides.)
void checkNames(const Options& options) {
    static const std::set<std::string> known{
        "activation", "alpha",     "bgr",    "conv_scale", "end",    "img_range",
        "kind",       "luma",      "mean",   "noise",      "order",  "outmean",
        "outrange",   "output",    "outstd", "patch_size", "planes", "pro",
        "range",      "res_scale", "scale",  "std"};
    std::string all;
    for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
    for (const auto& [name, value] : options)
        if (!known.count(name))
            throw Error(Kind::usage, "there is no --model-option " + inQuotes(name) +
                                         " for this kind of file; there are " + all);
}

bool saysRange(const architectures::Options& options) {
    for (const char* name : {"range", "mean", "std", "outrange", "outmean", "outstd"})
        if (options.count(name)) return true;
    return false;
}

Network readOnnx(std::string_view bytes, const std::string& folder, Options options,
                 const std::string& fileName, engine::Engine* engine) {
    Network network = architectures::normalise(bytes, folder, options, fileName);
    if (!engine) return network;
    measure(network, *engine);
    if (saysRange(options)) return network;
    const Options found = measureRange(network, *engine);
    if (found.empty()) return network;
    options.insert(found.begin(), found.end());
    network = architectures::normalise(bytes, folder, options, fileName);
    measure(network, *engine);
    return network;
}

}  // namespace

Network readNetwork(const std::string& path, const Options& options, const std::string& fileName,
                    engine::Engine* engine) {
    if (weights::isNcnn(path)) {
        checkNames(options);
        return architectures::fromNcnn(weights::readNcnn(path), options, fileName);
    }
    {
        const weights::Mapped file(path);
        if (architectures::isOnnx(file.bytes()))
            return readOnnx(file.bytes(), fs::path(path).parent_path().string(), options, fileName,
                            engine);
        checkNames(options);
        if (weights::isTensorflow(file.bytes()))
            return architectures::fromTensorflow(file.bytes(), options, fileName);
    }
    return architectures::arrange(weights::read(path), options, fileName);
}

}  // namespace acuity::model
