// Named tensors as they lie in a weight file: the bytes of a stranger, checked before they are
// used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace acuity::weights {

enum class Type { f64, f32, f16, bf16, f8e4m3, f8e5m2, i64, i32, i16, i8, u8, boolean };

std::size_t bytesOf(Type type);
const char* name(Type type);

using Shape = std::vector<std::int64_t>;

/// Elements of a shape. Throws Error(model) on negative sides and on more than 2^40 elements.
std::uint64_t elements(const Shape& shape);

struct Tensor {
    Type type = Type::f32;
    Shape shape;
    std::string_view bytes;  // row-major and little-endian, as many as type and shape need
};

struct Weights {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;      // what the file says in words
    std::vector<std::shared_ptr<const void>> owners;  // keep the tensors' bytes alive
};

/// Throws Error(model): "it is damaged: WHAT".
[[noreturn]] void damaged(const std::string& what);

/// A tensor with bytes of its own, kept alive by `weights`.
Tensor own(Weights& weights, Type type, Shape shape, std::string bytes);

/// A tensor of these floats, kept alive by `weights`.
Tensor own(Weights& weights, Shape shape, const std::vector<float>& values);

/// The elements as floats, whatever the type.
std::vector<float> floats(const Tensor& tensor);

float fromHalf(std::uint16_t bits);
std::uint16_t toHalf(float value);  // to nearest even; beyond the range: infinity

}  // namespace acuity::weights
