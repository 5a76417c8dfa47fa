#include "ops/telling.h"

#include <algorithm>
#include <cmath>

namespace acuity::ops {

using vips::VImage;

namespace {

constexpr int kCell = 8;  // pixels of a side that are looked at together

VImage grey(const VImage& image) {
    return (image.bands() == 1 ? image : image.colourspace(VIPS_INTERPRETATION_B_W))
        .cast(VIPS_FORMAT_FLOAT);
}

/// Variance of the pictures over one another, a value for each cell of kCell x kCell pixels.
VImage differences(const std::vector<VImage>& pictures) {
    VImage sum = grey(pictures.front()), squares = sum * sum;
    for (std::size_t i = 1; i < pictures.size(); i++) {
        const VImage one = grey(pictures[i]);
        sum = sum + one;
        squares = squares + one * one;
    }
    const double n = double(pictures.size());
    const VImage mean = sum / n;
    return (squares / n - mean * mean).shrink(kCell, kCell).cast(VIPS_FORMAT_FLOAT).copy_memory();
}

/// Sums over all rectangles in constant time: cell (x, y) holds what lies above and left of it.
class Sums {
  public:
    explicit Sums(const VImage& image)
        : width_(image.width() + 1), values_(std::size_t(width_) * (image.height() + 1)) {
        for (int y = 0; y < image.height(); y++) {
            const auto* row =
                reinterpret_cast<const float*>(VIPS_IMAGE_ADDR(image.get_image(), 0, y));
            double line = 0;
            for (int x = 0; x < image.width(); x++) {
                line += double(row[x]);
                values_[at(x + 1, y + 1)] = values_[at(x + 1, y)] + line;
            }
        }
    }
    double operator()(const Rect& r) const {
        return values_[at(r.right(), r.bottom())] - values_[at(r.left, r.bottom())] -
               values_[at(r.right(), r.top)] + values_[at(r.left, r.top)];
    }

  private:
    std::size_t at(int x, int y) const { return std::size_t(y) * width_ + x; }

    int width_;
    std::vector<double> values_;
};

bool overlap(const Rect& a, const Rect& b) {
    return a.left < b.right() && b.left < a.right() && a.top < b.bottom() && b.top < a.bottom();
}

/// The place of that size in cells with the largest sum, apart from those taken; width 0: none.
Rect best(const Sums& sums, int across, int down, Rect size, const std::vector<Rect>& taken) {
    Rect found;
    double most = -1;
    for (size.top = 0; size.bottom() <= down; size.top++)
        for (size.left = 0; size.right() <= across; size.left++) {
            const double sum = sums(size);
            if (sum <= most || std::any_of(taken.begin(), taken.end(),
                                           [&](const Rect& other) { return overlap(size, other); }))
                continue;
            most = sum;
            found = size;
        }
    // Nothing to see anywhere: the middle.
    if (most == 0 && taken.empty()) {
        found.left = (across - size.width) / 2;
        found.top = (down - size.height) / 2;
    }
    return found;
}

}  // namespace

std::vector<Rect> tellingPlaces(const std::vector<VImage>& pictures, int width, int height,
                                int count) {
    const int wide = pictures.front().width(), high = pictures.front().height();
    width = std::min(width, wide);
    height = std::min(height, high);
    if (wide < 2 * kCell || high < 2 * kCell) return {{0, 0, width, height}};
    const VImage map = differences(pictures);
    const Sums sums(map);
    std::vector<Rect> cells, places;
    const Rect size{0, 0, std::clamp(width / kCell, 1, map.width()),
                    std::clamp(height / kCell, 1, map.height())};
    while (int(cells.size()) < count) {
        const Rect cell = best(sums, map.width(), map.height(), size, cells);
        if (cell.width == 0) break;
        cells.push_back(cell);
        places.push_back({std::min(cell.left * kCell, wide - width),
                          std::min(cell.top * kCell, high - height), width, height});
    }
    return places;
}

}  // namespace acuity::ops
