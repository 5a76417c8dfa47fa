#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "weights/read.h"

namespace acuity::weights {
namespace {

using nlohmann::json;

// The format's own reader takes 100 MB; the header of a network takes 100 bytes for each tensor.
constexpr std::uint64_t kMostHeader = 32 << 20;
constexpr std::size_t kMostTensors = 100'000, kMostAxes = 32, kMostName = 512;

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

// Takes the header as it is parsed, so that nothing but tensors is ever kept of it:
// {"NAME": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}, "__metadata__": {...}}
class Header : public nlohmann::json_sax<json> {
  public:
    struct Entry {
        std::string name, type;
        Shape shape;
        std::vector<std::uint64_t> offsets;
        unsigned seen = 0;  // a bit for each field
    };
    std::vector<Entry> entries;
    std::map<std::string, std::string> metadata;

    bool start_object(std::size_t) override { return ++depth_ <= 2 && !inArray_; }
    bool end_object() override {
        constexpr unsigned kAll = 7;
        if (--depth_ == 1 && !inMetadata_ && entries.back().seen != kAll) return false;
        inMetadata_ = inMetadata_ && depth_ > 1;
        return true;
    }
    bool key(std::string& text) override {
        key_ = text;
        if (depth_ == 1) {
            inMetadata_ = text == "__metadata__";
            if (!inMetadata_) entries.emplace_back().name = text;
            return entries.size() <= kMostTensors && text.size() <= kMostName;
        }
        if (inMetadata_) return true;
        const unsigned bit = text == "dtype" ? 1 : text == "shape" ? 2 : 4;
        const bool known = bit != 4 || text == "data_offsets", twice = entries.back().seen & bit;
        entries.back().seen |= bit;
        return known && !twice;
    }
    bool string(std::string& text) override {
        if (depth_ != 2) return false;
        if (inMetadata_)
            metadata[key_] = text;
        else if (key_ == "dtype")
            entries.back().type = text.substr(0, kMostName);
        return inMetadata_ || key_ == "dtype";
    }
    bool start_array(std::size_t) override {
        if (depth_ != 2 || inArray_ || inMetadata_ || key_ == "dtype") return false;
        return inArray_ = true;
    }
    bool end_array() override {
        inArray_ = false;
        return true;
    }
    bool number_unsigned(std::uint64_t value) override {
        if (!inArray_) return false;
        if (key_ == "data_offsets") {
            entries.back().offsets.push_back(value);
            return entries.back().offsets.size() <= 2;
        }
        constexpr auto kMost = std::uint64_t(std::numeric_limits<std::int64_t>::max());
        entries.back().shape.push_back(static_cast<std::int64_t>(std::min(value, kMost)));
        return entries.back().shape.size() <= kMostAxes;
    }
    bool number_integer(std::int64_t) override { return false; }  // negative ones only
    bool number_float(double, const std::string&) override { return false; }
    bool null() override { return false; }
    bool boolean(bool) override { return false; }
    bool binary(json::binary_t&) override { return false; }
    bool parse_error(std::size_t, const std::string&, const json::exception&) override {
        return false;
    }

  private:
    int depth_ = 0;
    bool inArray_ = false, inMetadata_ = false;
    std::string key_;
};

}  // namespace

bool isSafetensors(std::string_view bytes) {
    if (bytes.size() < 9 || bytes[8] != '{') return false;
    const std::uint64_t length = headerLength(bytes);
    return length >= 2 && length <= kMostHeader;
}

Weights parseSafetensors(std::string_view bytes) {
    if (!isSafetensors(bytes) || headerLength(bytes) > bytes.size() - 8)
        damaged("its header is cut off");
    const std::uint64_t length = headerLength(bytes);
    const std::string_view data = bytes.substr(8 + length);
    Header header;
    if (!json::sax_parse(bytes.begin() + 8, bytes.begin() + 8 + std::ptrdiff_t(length), &header))
        damaged("its header is no list of tensors");

    Weights weights;
    weights.metadata = std::move(header.metadata);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> taken;
    for (Header::Entry& entry : header.entries) {
        Tensor tensor{typeOf(entry.type, entry.name), std::move(entry.shape), {}};
        const std::uint64_t size = elements(tensor.shape) * bytesOf(tensor.type);
        const auto& offsets = entry.offsets;
        if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size() ||
            offsets[1] - offsets[0] != size)
            damaged("tensor " + inQuotes(entry.name) + " lies outside of it");
        tensor.bytes = data.substr(offsets[0], size);
        if (size > 0) taken.emplace_back(offsets[0], offsets[1]);
        if (!weights.tensors.emplace(entry.name, std::move(tensor)).second)
            damaged("it has two tensors " + inQuotes(entry.name));
    }
    std::sort(taken.begin(), taken.end());
    for (std::size_t i = 1; i < taken.size(); ++i)
        if (taken[i].first < taken[i - 1].second) damaged("its tensors overlap");
    return weights;
}

}  // namespace acuity::weights
