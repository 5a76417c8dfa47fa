#include "weights/ncnn.h"

#include <bit>
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "weights/mapped.h"

namespace acuity::weights {
namespace {

namespace fs = std::filesystem;

bool endsWith(const std::string& text, std::string_view end) {
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// `path` without `end`, or nothing.
std::optional<std::string> stem(const std::string& path, std::string_view end) {
    if (!endsWith(path, end) || path.size() == end.size()) return std::nullopt;
    return path.substr(0, path.size() - end.size());
}

bool exists(const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

std::string fileName(const std::string& path) {
    return inQuotes(fs::path(path).filename().string());
}

bool startsAsParam(const std::string& path) {
    try {
        return isNcnnParam(Mapped(path).bytes());
    } catch (const Error&) {
        return false;
    }
}

/// The graph that belongs to a .bin: "" when there is none.
std::string graphOf(const std::string& bin) {
    const auto name = stem(bin, ".bin");
    if (!name) return "";
    for (const char* end : {".param", ".param.bin"})
        if (startsAsParam(*name + end)) return *name + end;
    return "";
}

/// The weights that belong to a graph, whether they exist or not.
std::string weightsOf(const std::string& param) {
    for (const char* end : {".param.bin", ".param", ".txt"})
        if (const auto name = stem(param, end)) return *name + ".bin";
    return param + ".bin";
}

std::int32_t wholeNumber(const NcnnNumber& number, const NcnnLayer& layer) {
    if (number.kind != NcnnNumber::Kind::real) return std::bit_cast<std::int32_t>(number.bits);
    const float value = std::bit_cast<float>(number.bits);
    if (!(std::abs(value) < 2e9f) || value != std::floor(value))
        throw Error(Kind::model, "a parameter of its " + layer.called() + " is no whole number");
    return static_cast<std::int32_t>(value);
}

float realNumber(const NcnnNumber& number) {
    if (number.kind == NcnnNumber::Kind::integer)
        return static_cast<float>(std::bit_cast<std::int32_t>(number.bits));
    return std::bit_cast<float>(number.bits);
}

}  // namespace

std::string NcnnLayer::called() const {
    constexpr std::size_t kMost = 60;
    const bool cut = name.size() > kMost;
    return "layer " + inQuotes(cut ? name.substr(0, kMost) + "..." : name) + " (" +
           inQuotes(type.substr(0, kMost)) + ")";
}

int NcnnLayer::integer(int key, int otherwise) const {
    const auto found = numbers.find(key);
    if (found == numbers.end() || found->second.empty()) return otherwise;
    return wholeNumber(found->second.front(), *this);
}

float NcnnLayer::real(int key, float otherwise) const {
    const auto found = numbers.find(key);
    if (found == numbers.end() || found->second.empty()) return otherwise;
    return realNumber(found->second.front());
}

std::vector<int> NcnnLayer::integers(int key) const {
    std::vector<int> values;
    const auto found = numbers.find(key);
    if (found != numbers.end())
        for (const NcnnNumber& number : found->second) values.push_back(wholeNumber(number, *this));
    return values;
}

std::vector<float> NcnnLayer::reals(int key) const {
    std::vector<float> values;
    const auto found = numbers.find(key);
    if (found != numbers.end())
        for (const NcnnNumber& number : found->second) values.push_back(realNumber(number));
    return values;
}

NcnnPair ncnnPair(const std::string& path) {
    if (startsAsParam(path)) return {path, weightsOf(path)};
    return {graphOf(path), path};
}

bool isNcnn(const std::string& path) {
    return !ncnnPair(path).graph.empty();
}

NcnnModel readNcnn(const std::string& path) {
    const auto [param, bin] = ncnnPair(path);
    if (param.empty()) {
        const auto name = stem(path, ".bin");
        throw Error(Kind::model,
                    "it has no graph beside it: " + fileName(name.value_or(path) + ".param") +
                        " is missing or is no ncnn graph");
    }
    NcnnModel model = parseNcnnParam(Mapped(param).bytes());
    if (!exists(bin))
        throw Error(Kind::model, "it is an ncnn graph of " + std::to_string(model.layers.size()) +
                                     " layers that has no weights beside it: " + fileName(bin) +
                                     " is missing");
    const auto file = std::make_shared<const Mapped>(bin);
    parseNcnnBin(model, file->bytes());
    model.arena.owners.push_back(file);
    return model;
}

}  // namespace acuity::weights
