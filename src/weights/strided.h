// Tensors as windows on a storage with a step for each axis, as PyTorch keeps and saves them.
#pragma once

#include <cstdint>
#include <string_view>

#include "weights/tensor.h"

namespace acuity::weights {

struct Strided {
    Type type = Type::f32;
    Shape shape;
    Shape steps;              // for each axis, in elements of the storage
    std::int64_t offset = 0;  // of the first element, in elements of the storage
};

/// The window's elements in row-major order and little-endian: a view of `storage` where they lie
/// so, else a copy kept by `weights`. `bigEndian` is the storage's order. Copies take their bytes
/// out of `budget`. Throws Error(model) when the window leaves the storage or exceeds the budget.
Tensor contiguous(Weights& weights, std::string_view storage, const Strided& window, bool bigEndian,
                  std::uint64_t& budget);

}  // namespace acuity::weights
