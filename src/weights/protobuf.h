// Protocol buffers as a sequence of fields, without a schema: enough for ONNX and TensorFlow
// graphs.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace acuity::weights {

/// Reads a message field by field; stops at the first thing that does not fit.
class Fields {
  public:
    explicit Fields(std::string_view bytes) : rest_(bytes) {}

    /// Advances to the next field. False at the end, and on damage.
    bool next() {
        std::uint64_t tag = 0;
        value_ = {};
        integer_ = 0;
        if (rest_.empty()) return false;
        damaged_ = true;
        if (!varint(rest_, tag)) return false;
        number_ = tag >> 3;
        wire_ = static_cast<int>(tag & 7);
        std::uint64_t length = wire_ == 1 ? 8 : 4;
        if (wire_ == 0) {
            damaged_ = !varint(rest_, integer_);
            return !damaged_;
        }
        if (wire_ != 1 && wire_ != 5 && (wire_ != 2 || !varint(rest_, length))) return false;
        if (length > rest_.size()) return false;
        value_ = rest_.substr(0, length);
        rest_.remove_prefix(length);
        if (wire_ != 2)
            for (std::size_t i = value_.size(); i-- > 0;)
                integer_ = integer_ << 8 | static_cast<unsigned char>(value_[i]);
        damaged_ = false;
        return true;
    }

    std::uint64_t number() const { return number_; }
    /// 0 varint, 1 eight bytes, 2 bytes with a length, 5 four bytes.
    int wire() const { return wire_; }
    /// The bytes of a field with a length, or the raw bytes of a fixed one.
    std::string_view bytes() const { return value_; }
    std::string text() const { return std::string(value_); }
    /// The value of a varint or fixed field.
    std::uint64_t integer() const { return integer_; }
    std::int64_t number64() const { return static_cast<std::int64_t>(integer_); }
    float real() const { return std::bit_cast<float>(static_cast<std::uint32_t>(integer_)); }
    /// Whether reading stopped because something did not fit.
    bool damaged() const { return damaged_; }

    /// What lies behind the field.
    std::string_view rest() const { return rest_; }

    /// Takes a varint off the front of `bytes`.
    static bool varint(std::string_view& bytes, std::uint64_t& value) {
        value = 0;
        for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes.front());
            bytes.remove_prefix(1);
            value |= std::uint64_t(byte & 0x7f) << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }

  private:
    std::string_view rest_, value_;
    std::uint64_t number_ = 0, integer_ = 0;
    int wire_ = 0;
    bool damaged_ = false;
};

/// Writes a message field by field.
class Message {
  public:
    Message& integer(int number, std::uint64_t value) {
        varint(std::uint64_t(number) << 3);
        varint(value);
        return *this;
    }
    Message& real(int number, float value) {
        varint(std::uint64_t(number) << 3 | 5);
        const auto bits = std::bit_cast<std::uint32_t>(value);
        for (int i = 0; i < 4; ++i) bytes_ += static_cast<char>(bits >> 8 * i);
        return *this;
    }
    Message& bytes(int number, std::string_view value) {
        varint(std::uint64_t(number) << 3 | 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    Message& message(int number, const Message& value) { return bytes(number, value.bytes_); }
    /// The beginning of a field with a length, whose bytes follow elsewhere.
    Message& opening(int number, std::uint64_t length) {
        varint(std::uint64_t(number) << 3 | 2);
        varint(length);
        return *this;
    }

    const std::string& str() const { return bytes_; }
    std::string take() { return std::move(bytes_); }

  private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
        bytes_ += static_cast<char>(value);
    }
    std::string bytes_;
};

}  // namespace acuity::weights
