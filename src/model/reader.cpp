#include "model/reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "architectures/families.h"
#include "architectures/ncnn.h"
#include "architectures/onnx_file.h"
#include "architectures/tensorflow.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "model/memory.h"
#include "model/onnx_facts.h"
#include "weights/mapped.h"
#include "weights/read.h"
#include "weights/tensorflow.h"

namespace acuity::model {
namespace fs = std::filesystem;
using architectures::Network;
using architectures::Options;
using nlohmann::json;

std::string endingOf(const std::string& file) {
    std::string ending = fs::path(file).extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return ending;
}

bool namesFile(const std::string& name) {
    static constexpr std::array kEndings{".onnx", ".safetensors", ".pth",   ".pt",
                                         ".ckpt", ".bin",         ".param", ".pb"};
    const std::string ending = endingOf(name);
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

/// What running a network showed, and the range of values that it takes.
struct Measured {
    Network network;  // without onnx, family and details
    Options range;
};

constexpr const char* kMemory = "onnx-1.json";  // another number where what is measured changes

std::optional<Measured> known(const std::string& key) {
    try {
        const json found = recall(kMemory, key);
        if (!found.is_object()) return std::nullopt;
        Measured measured;
        measured.network.scale = found.at("scale");
        measured.network.reach = found.at("reach");
        measured.network.align = found.at("align");
        measured.network.global = found.at("global");
        measured.network.fixedHeight = found.at("fixed").at(0);
        measured.network.fixedWidth = found.at("fixed").at(1);
        measured.range = found.at("range").get<Options>();
        const Network& network = measured.network;
        const bool sound = network.scale >= 1 && network.reach >= 0 && network.align >= 1 &&
                           network.fixedHeight >= 0 && network.fixedWidth >= 0;
        return sound ? std::optional(measured) : std::nullopt;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

void keep(const std::string& key, const Measured& measured) {
    const Network& network = measured.network;
    remember(kMemory, key,
             {{"scale", network.scale},
              {"reach", network.reach},
              {"align", network.align},
              {"global", network.global},
              {"fixed", {network.fixedHeight, network.fixedWidth}},
              {"range", measured.range}});
}

void checkScale(const Network& network, const Options& options) {
    constexpr int kMost = 16;
    const int asked = architectures::number(options, "scale", network.scale, 1, kMost);
    if (asked != network.scale)
        throw Error(Kind::usage, "it enlarges by x" + std::to_string(network.scale) + ", not by x" +
                                     std::to_string(asked));
}

Network readOnnx(std::string_view bytes, const std::string& folder, const Options& options,
                 const std::string& fileName, engine::Engine* engine) {
    Network network = architectures::normalise(bytes, folder, options, fileName);
    if (!engine) return network;
    const auto withRange = [&](const Options& range) {
        Options all = options;
        all.insert(range.begin(), range.end());
        return architectures::normalise(bytes, folder, all, fileName);
    };
    // A range that is stated may leave the bytes as they are.
    const std::string key = sha256(network.onnx) + (saysRange(options) ? " range stated" : "");
    auto found = known(key);
    if (found) {
        if (!found->range.empty()) network = withRange(found->range);
        found->network.onnx = std::move(network.onnx);
        found->network.family = network.family;
        found->network.details = network.details;
        network = std::move(found->network);
    } else {
        measure(network, *engine);
        found.emplace();
        if (!saysRange(options)) found->range = measureRange(network, *engine);
        if (!found->range.empty()) {
            network = withRange(found->range);
            measure(network, *engine);
        }
        found->network = network;
        keep(key, *found);
    }
    checkScale(network, options);
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
