#include "weights/strided.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace acuity::weights {
namespace {

constexpr std::size_t kMostAxes = 32;

// Axes that matter, outermost first; neighbours that lie as one are one.
struct Axes {
    std::vector<std::uint64_t> sides, steps;
};

Axes merged(const Strided& window) {
    Axes axes;
    for (std::size_t i = 0; i < window.shape.size(); ++i) {
        const auto side = std::uint64_t(window.shape[i]), step = std::uint64_t(window.steps[i]);
        if (side == 1) continue;
        if (!axes.sides.empty() && axes.steps.back() == side * step) {
            axes.sides.back() *= side;
            axes.steps.back() = step;
        } else {
            axes.sides.push_back(side);
            axes.steps.push_back(step);
        }
    }
    return axes;
}

// Throws unless all elements lie within a storage of `count`. There is at least one element.
void checkBounds(const Strided& window, std::uint64_t count) {
    const auto outside = [] { damaged("a tensor lies outside of its storage"); };
    if (window.offset < 0 || std::uint64_t(window.offset) >= count) outside();
    std::uint64_t last = std::uint64_t(window.offset);
    for (std::size_t i = 0; i < window.shape.size(); ++i) {
        const auto most = std::uint64_t(window.shape[i]) - 1;
        if (most == 0) continue;
        if (window.steps[i] < 0 || std::uint64_t(window.steps[i]) > (count - 1 - last) / most)
            outside();
        last += most * std::uint64_t(window.steps[i]);
    }
}

template <class Element>
std::string gathered(std::string_view storage, const Axes& axes, std::uint64_t offset,
                     std::uint64_t count) {
    std::string bytes(count * sizeof(Element), '\0');
    char* out = bytes.data();
    const std::size_t inner = axes.sides.size() - 1;
    const std::uint64_t side = axes.sides[inner], step = axes.steps[inner] * sizeof(Element);
    std::vector<std::uint64_t> index(axes.sides.size(), 0);
    const char* row = storage.data() + offset * sizeof(Element);
    for (std::uint64_t rows = count / side; rows-- > 0;) {
        const char* from = row;
        for (std::uint64_t i = 0; i < side; ++i, from += step, out += sizeof(Element))
            std::memcpy(out, from, sizeof(Element));
        for (std::size_t axis = inner; rows > 0 && axis-- > 0;) {
            row += axes.steps[axis] * sizeof(Element);
            if (++index[axis] < axes.sides[axis]) break;
            row -= axes.sides[axis] * axes.steps[axis] * sizeof(Element);
            index[axis] = 0;
        }
    }
    return bytes;
}

std::string gather(std::string_view storage, const Axes& axes, std::uint64_t offset,
                   std::uint64_t count, std::size_t size) {
    switch (size) {
        case 8:
            return gathered<std::uint64_t>(storage, axes, offset, count);
        case 4:
            return gathered<std::uint32_t>(storage, axes, offset, count);
        case 2:
            return gathered<std::uint16_t>(storage, axes, offset, count);
        default:
            return gathered<std::uint8_t>(storage, axes, offset, count);
    }
}

}  // namespace

Tensor contiguous(Weights& weights, std::string_view storage, const Strided& window, bool bigEndian,
                  std::uint64_t& budget) {
    if (window.shape.size() != window.steps.size() || window.shape.size() > kMostAxes)
        damaged("a tensor has a broken shape");
    const std::size_t size = bytesOf(window.type);
    const std::uint64_t count = elements(window.shape);
    if (count == 0) return {window.type, window.shape, storage.substr(0, 0)};
    checkBounds(window, storage.size() / size);

    const Axes axes = merged(window);
    const bool inOrder = axes.sides.empty() || (axes.sides.size() == 1 && axes.steps.front() == 1);
    const auto offset = std::uint64_t(window.offset);
    const std::string_view direct = inOrder ? storage.substr(offset * size, count * size) : "";
    const bool swap = bigEndian && size > 1;
    if (inOrder && !swap) return {window.type, window.shape, direct};

    if (count * size > budget)
        throw Error(Kind::model, "its tensors claim far more than its storages hold");
    budget -= count * size;
    std::string bytes = inOrder ? std::string(direct) : gather(storage, axes, offset, count, size);
    if (swap)
        for (std::size_t i = 0; i < bytes.size(); i += size)
            std::reverse(bytes.begin() + std::ptrdiff_t(i),
                         bytes.begin() + std::ptrdiff_t(i + size));
    return own(weights, window.type, window.shape, std::move(bytes));
}

}  // namespace acuity::weights
