#include "model/onnx_facts.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>

namespace acuity::model {
namespace {

/// A protobuf message as a sequence of fields; stops at the first thing that does not fit.
class Fields {
  public:
    explicit Fields(std::string_view bytes) : rest_(bytes) {}

    /// Advances to the next field; `value` is set for length-delimited ones, else empty.
    bool next(std::uint64_t& number, std::string_view& value) {
        std::uint64_t tag = 0, length = 0;
        value = {};
        if (rest_.empty() || !varint(tag)) return false;
        number = tag >> 3;
        switch (tag & 7) {
            case 0:
                return varint(length);
            case 1:
                length = 8;
                break;
            case 2:
                if (!varint(length)) return false;
                break;
            case 5:
                length = 4;
                break;
            default:
                return false;
        }
        if (length > rest_.size()) return false;
        if ((tag & 7) == 2) value = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return true;
    }

  private:
    bool varint(std::uint64_t& value) {
        value = 0;
        for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t(byte & 0x7f) << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }

    std::string_view rest_;
};

constexpr int kModelMetadataProps = 14, kEntryKey = 1,
              kEntryValue = 2;  // field numbers in onnx.proto

}  // namespace

std::optional<std::string> onnxMetadata(std::string_view onnx, std::string_view key) {
    std::uint64_t number;
    std::string_view entry;
    for (Fields model(onnx); model.next(number, entry);) {
        if (number != kModelMetadataProps) continue;
        std::string_view field, entryKey, entryValue;
        for (Fields fields(entry); fields.next(number, field);) {
            if (number == kEntryKey) entryKey = field;
            if (number == kEntryValue) entryValue = field;
        }
        if (entryKey == key) return std::string(entryValue);
    }
    return std::nullopt;
}

Facts measureFacts(const std::string& onnx, engine::Engine& engine) {
    constexpr int side = 128;
    const auto compiled = engine.compile(onnx, side, side, {engine::Precision::f32, 1, 1});
    const engine::Size in = compiled->input(), out = compiled->output();
    if (in.channels != 3 || out.channels != 3 || out.height % side || out.height != out.width)
        throw Error(Kind::model,
                    "it does not enlarge RGB pictures by a whole factor; give its "
                    "facts in a card (docs/models.md)");
    Facts facts;
    facts.scale = out.height / side;
    const auto request = compiled->request();
    std::vector<float> noise(3 * side * side);
    std::mt19937 random(1);
    for (float& v : noise) v = float(random() & 0xffff) / 65535.0f;
    const auto run = [&] {
        std::copy(noise.begin(), noise.end(), request->input());
        request->run();
        return std::vector<float>(request->output(),
                                  request->output() + std::size_t(3) * out.height * out.width);
    };
    const auto before = run();
    constexpr int middle = side / 2;
    for (int c = 0; c < 3; c++) {
        float& pixel = noise[std::size_t(c) * side * side + middle * side + middle];
        pixel = pixel > 0.5f ? 0.0f : 1.0f;
    }
    const auto after = run();
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < out.height; y++)
            for (int x = 0; x < out.width; x++) {
                const std::size_t i = (std::size_t(c) * out.height + y) * out.width + x;
                if (before[i] == after[i]) continue;
                const int far = std::max(std::abs(y / facts.scale - middle),
                                         std::abs(x / facts.scale - middle));
                facts.halo = std::max(facts.halo, far);
            }
    if (facts.halo >= middle - 1)
        throw Error(Kind::model,
                    "its receptive field is too large to be measured; state `halo` in "
                    "a card beside it (docs/models.md)");
    return facts;
}

}  // namespace acuity::model
