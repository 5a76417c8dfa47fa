#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "weights/read.h"

namespace acuity::weights {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostHeader = 100 << 20;  // as the format's own reader has it

std::uint64_t headerLength(std::string_view bytes) {
    std::uint64_t length = 0;
    for (int i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
    return length;
}

Type typeOf(const std::string& text, const std::string& tensor) {
    static const std::map<std::string, Type> types{
        {"F64", Type::f64},   {"F32", Type::f32},        {"F16", Type::f16},
        {"BF16", Type::bf16}, {"F8_E4M3", Type::f8e4m3}, {"F8_E5M2", Type::f8e5m2},
        {"I64", Type::i64},   {"I32", Type::i32},        {"I16", Type::i16},
        {"I8", Type::i8},     {"U8", Type::u8},          {"BOOL", Type::boolean}};
    const auto found = types.find(text);
    if (found != types.end()) return found->second;
    throw Error(Kind::model, "tensor " + inQuotes(tensor) + " has the type " + inQuotes(text) +
                                 ", which Acuity does not read");
}

[[noreturn]] void damaged(const std::string& what) {
    throw Error(Kind::model, "it is damaged: " + what);
}

}  // namespace

bool isSafetensors(std::string_view bytes) {
    if (bytes.size() < 10) return false;
    const std::uint64_t length = headerLength(bytes);
    return length >= 2 && length <= bytes.size() - 8 && length <= kMostHeader && bytes[8] == '{';
}

Weights parseSafetensors(std::string_view bytes) {
    if (!isSafetensors(bytes)) damaged("its header is cut off");
    const std::uint64_t length = headerLength(bytes);
    const std::string_view data = bytes.substr(8 + length);
    Weights weights;
    try {
        const json header = json::parse(bytes.begin() + 8, bytes.begin() + 8 + length);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> taken;
        for (const auto& [name, entry] : header.items()) {
            if (name == "__metadata__") {
                for (const auto& [key, value] : entry.items())
                    if (value.is_string()) weights.metadata[key] = value;
                continue;
            }
            Tensor tensor;
            tensor.type = typeOf(entry.at("dtype"), name);
            tensor.shape = entry.at("shape").get<Shape>();
            const auto offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
            const std::uint64_t size = elements(tensor.shape) * bytesOf(tensor.type);
            if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size() ||
                offsets[1] - offsets[0] != size)
                damaged("tensor " + inQuotes(name) + " lies outside of it");
            tensor.bytes = data.substr(offsets[0], size);
            if (size > 0) taken.emplace_back(offsets[0], offsets[1]);
            weights.tensors.emplace(name, std::move(tensor));
        }
        std::sort(taken.begin(), taken.end());
        for (std::size_t i = 1; i < taken.size(); ++i)
            if (taken[i].first < taken[i - 1].second) damaged("its tensors overlap");
    } catch (const json::exception&) {
        damaged("its header is no list of tensors");
    }
    return weights;
}

}  // namespace acuity::weights
