#include "weights/tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace acuity::weights {
namespace {

template <class T>
std::vector<float> converted(std::string_view bytes) {
    std::vector<float> out(bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < out.size(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        out[i] = static_cast<float>(value);
    }
    return out;
}

template <class Bits, class Convert>
std::vector<float> decoded(std::string_view bytes, Convert convert) {
    std::vector<float> out(bytes.size() / sizeof(Bits));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Bits bits;
        std::memcpy(&bits, bytes.data() + i * sizeof(Bits), sizeof(Bits));
        out[i] = convert(bits);
    }
    return out;
}

float fromBf16(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t(bits) << 16);
}

// E4M3 without infinities: all ones is NaN (OCP 8-bit floating point specification).
float fromE4m3(std::uint8_t bits) {
    const int exponent = bits >> 3 & 15, fraction = bits & 7;
    float value = exponent == 0 ? std::ldexp(float(fraction), -9)
                                : std::ldexp(float(8 + fraction), exponent - 10);
    if (exponent == 15 && fraction == 7) value = std::numeric_limits<float>::quiet_NaN();
    return bits & 0x80 ? -value : value;
}

// E5M2 is the upper half of a half-precision float.
float fromE5m2(std::uint8_t bits) {
    return fromHalf(static_cast<std::uint16_t>(bits << 8));
}

}  // namespace

std::size_t bytesOf(Type type) {
    switch (type) {
        case Type::f64:
        case Type::i64:
            return 8;
        case Type::f32:
        case Type::i32:
            return 4;
        case Type::f16:
        case Type::bf16:
        case Type::i16:
            return 2;
        default:
            return 1;
    }
}

const char* name(Type type) {
    static const char* const names[] = {"f64", "f32", "f16", "bf16", "f8e4m3", "f8e5m2",
                                        "i64", "i32", "i16", "i8",   "u8",     "boolean"};
    return names[static_cast<int>(type)];
}

std::uint64_t elements(const Shape& shape) {
    constexpr std::uint64_t kMost = 1ull << 40;
    bool none = false;
    for (const std::int64_t side : shape) {
        if (side < 0) throw Error(Kind::model, "a tensor has a negative size");
        none = none || side == 0;
    }
    if (none) return 0;
    std::uint64_t count = 1;
    for (const std::int64_t side : shape) {
        if (std::uint64_t(side) > kMost / count) throw Error(Kind::model, "a tensor is too large");
        count *= std::uint64_t(side);
    }
    return count;
}

void damaged(const std::string& what) {
    throw Error(Kind::model, "it is damaged: " + what);
}

Tensor own(Weights& weights, Type type, Shape shape, std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    Tensor tensor{type, std::move(shape), *owner};
    weights.owners.push_back(owner);
    return tensor;
}

Tensor own(Weights& weights, Shape shape, const std::vector<float>& values) {
    std::string bytes(values.size() * sizeof(float), '\0');
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return own(weights, Type::f32, std::move(shape), std::move(bytes));
}

std::vector<float> floats(const Tensor& tensor) {
    switch (tensor.type) {
        case Type::f64:
            return converted<double>(tensor.bytes);
        case Type::f32:
            return converted<float>(tensor.bytes);
        case Type::f16:
            return decoded<std::uint16_t>(tensor.bytes, fromHalf);
        case Type::bf16:
            return decoded<std::uint16_t>(tensor.bytes, fromBf16);
        case Type::f8e4m3:
            return decoded<std::uint8_t>(tensor.bytes, fromE4m3);
        case Type::f8e5m2:
            return decoded<std::uint8_t>(tensor.bytes, fromE5m2);
        case Type::i64:
            return converted<std::int64_t>(tensor.bytes);
        case Type::i32:
            return converted<std::int32_t>(tensor.bytes);
        case Type::i16:
            return converted<std::int16_t>(tensor.bytes);
        case Type::i8:
            return converted<std::int8_t>(tensor.bytes);
        case Type::u8:
        case Type::boolean:
            return converted<std::uint8_t>(tensor.bytes);
    }
    return {};
}

float fromHalf(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31;
    const auto fraction = float(bits & 1023);
    float value =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31)
        value = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
    return bits & 0x8000 ? -value : value;
}

std::uint16_t toHalf(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;   // NaN
    if (magnitude >= 0x477ff000) return sign | 0x7c00;  // rounds to 65520 or more
    if (magnitude < 0x38800000)  // below the smallest normal: a multiple of 2^-24
        return sign | static_cast<std::uint16_t>(
                          std::nearbyint(std::ldexp(std::bit_cast<float>(magnitude), 24)));
    const std::uint32_t odd = magnitude >> 13 & 1;
    return sign | static_cast<std::uint16_t>((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

}  // namespace acuity::weights
