#include "ops/resample.h"

#include <algorithm>
#include <utility>

#include "ops/lazy.h"
#include "ops/planar.h"

namespace acuity::ops {
namespace {

class Resample : public Lazy {
  public:
    Resample(const vips::VImage& in, Axis columns, Axis rows)
        : sourceWidth_(in.width()),
          sourceHeight_(in.height()),
          columns_(std::move(columns)),
          rows_(std::move(rows)),
          type_{in.format(), in.bands()} {}

    void fill(VipsRegion* out, VipsRegion** in) const override {
        const VipsRect& r = out->valid;
        const auto [left, right] = columns_.needed(r.left, r.left + r.width);
        const auto [top, bottom] = rows_.needed(r.top, r.top + r.height);
        const Rect wanted{left, top, right - left, bottom - top};
        prepare(in[0], wanted);
        const std::size_t area = std::size_t(wanted.width) * wanted.height;
        std::vector<float> planes(3 * area), line(wanted.width), row(std::size_t(3) * r.width);
        readPlanes(in[0], type_, sourceWidth_, sourceHeight_, wanted, planes.data());
        for (int y = 0; y < r.height; y++) {
            const float* down = rows_.at(r.top + y);
            const int from = rows_.first[std::size_t(r.top + y)] - wanted.top;
            for (int c = 0; c < type_.bands; c++) {
                std::fill(line.begin(), line.end(), 0.0f);
                for (int k = 0; k < rows_.taps; k++) {
                    const float* source = &planes[c * area + std::size_t(from + k) * wanted.width];
                    for (int x = 0; x < wanted.width; x++) line[x] += down[k] * source[x];
                }
                columns_.apply(line.data(), wanted.left, r.left, r.width,
                               &row[std::size_t(c) * r.width]);
            }
            const float* first = row.data();
            const bool colour = type_.bands == 3;
            writeRow(first, colour ? first + r.width : first, colour ? first + 2 * r.width : first,
                     r.width, type_, VIPS_REGION_ADDR(out, r.left, r.top + y));
        }
    }

  private:
    /// The part of the picture that covers `wanted` after mirroring.
    void prepare(VipsRegion* region, const Rect& wanted) const {
        const auto span = [](int from, int length, int size, int& start) {
            const int before = std::max(0, -from), after = std::max(0, from + length - size);
            if (before > size || after > size) {
                start = 0;
                return size;
            }
            start = std::min(std::clamp(from, 0, size - 1), std::max(0, size - after));
            const int end = std::max(std::clamp(from + length, 1, size), std::min(size, before));
            return end - start;
        };
        VipsRect area;
        area.width = span(wanted.left, wanted.width, sourceWidth_, area.left);
        area.height = span(wanted.top, wanted.height, sourceHeight_, area.top);
        Lazy::prepare(region, area);
    }

    const int sourceWidth_, sourceHeight_;
    const Axis columns_, rows_;
    const SampleType type_;
};

}  // namespace

vips::VImage resample(const vips::VImage& in, int width, int height, Kernel kernel,
                      Borders borders) {
    if (width == in.width() && height == in.height()) return in;
    return resample(in, Axis(in.width(), width, kernel, borders),
                    Axis(in.height(), height, kernel, borders));
}

vips::VImage resample(const vips::VImage& in, Axis columns, Axis rows) {
    const int width = int(columns.first.size()), height = int(rows.first.size());
    return lazy(std::make_unique<Resample>(in, std::move(columns), std::move(rows)), {in}, width,
                height, in.format(), in.bands());
}

}  // namespace acuity::ops
