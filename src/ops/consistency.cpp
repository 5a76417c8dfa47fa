#include "ops/consistency.h"

#include <algorithm>
#include <cmath>

#include "ops/lazy.h"
#include "ops/planar.h"

namespace acuity::ops {
namespace {

/// A place of a line of `size` samples that mirrors at both ends, the edge repeated.
int mirrored(int at, int size) {
    if (at < 0) at = -1 - at;
    if (at >= size) at = 2 * size - 1 - at;
    return std::clamp(at, 0, size - 1);
}

}  // namespace

Band shrunkAgain(int small, int large, Kernel reduction) {
    // No kernel reaches farther than Band has room for: 3 of D, 2 of U, 1 of its phase.
    Band band(small);
    const Axis down(large, small, reduction, Borders::cut), up(small, large, Kernel::bicubic);
    for (int i = 0; i < small; i++)
        for (int t = 0; t < down.taps; t++) {
            const double weight = double(down.at(i)[t]);
            if (weight == 0) continue;
            const int place = down.first[std::size_t(i)] + t;
            for (int k = 0; k < up.taps; k++)
                band.add(i, mirrored(up.first[std::size_t(place)] + k, small),
                         weight * double(up.at(place)[k]));
        }
    return band;
}

namespace {

Rect within(const Rect& r, const Rect& bounds) {
    const int left = std::max(r.left, bounds.left), top = std::max(r.top, bounds.top);
    return {left, top, std::min(r.right(), bounds.right()) - left,
            std::min(r.bottom(), bounds.bottom()) - top};
}

/// x - D y, of x's size; float, the type's white is 1. Where x is black or white it was clipped to
/// be so, and a y that reduces to more of the same does not differ: else edges beside white would
/// be pulled down to a halo that nobody saw. Such places follow their neighbours as far as they
/// may.
class Residual : public Lazy {
  public:
    Residual(const vips::VImage& y, const vips::VImage& x, Kernel reduction)
        : large_{0, 0, y.width(), y.height()},
          small_{0, 0, x.width(), x.height()},
          type_{x.format(), x.bands()},
          columns_(y.width(), x.width(), reduction, Borders::cut),
          rows_(y.height(), x.height(), reduction, Borders::cut) {}

    void fill(VipsRegion* out, VipsRegion** in) const override {
        const VipsRect& r = out->valid;
        // One more on each side, for follow().
        const Rect core = within({r.left - 1, r.top - 1, r.width + 2, r.height + 2}, small_);
        const std::vector<float> missing = residual(in[0], in[1], core);
        const std::size_t area = std::size_t(core.width) * core.height;
        for (int i = 0; i < r.height; i++) {
            auto* to = reinterpret_cast<float*>(VIPS_REGION_ADDR(out, r.left, r.top + i));
            const float* from = missing.data() + std::size_t(r.top + i - core.top) * core.width +
                                (r.left - core.left);
            for (int j = 0; j < r.width; j++)
                for (int c = 0; c < type_.bands; c++) *to++ = from[c * area + j];
        }
    }

  private:
    /// Planes of it over `core`; those at its rim follow fewer neighbours than they should.
    std::vector<float> residual(VipsRegion* y, VipsRegion* x, const Rect& core) const {
        const auto [left, right] = columns_.needed(core.left, core.right());
        const auto [top, bottom] = rows_.needed(core.top, core.bottom());
        const Rect wanted = within({left, top, right - left, bottom - top}, large_);
        prepare(y, {wanted.left, wanted.top, wanted.width, wanted.height});
        prepare(x, {core.left, core.top, core.width, core.height});
        const std::size_t area = std::size_t(core.width) * core.height;
        std::vector<float> planes(3 * std::size_t(wanted.width) * wanted.height), missing(3 * area),
            excess(3 * area);
        readPlanes(y, type_, large_.width, large_.height, wanted, planes.data());
        readPlanes(x, type_, small_.width, small_.height, core, missing.data());
        // Taps beyond the picture weigh nothing; room for them spares a question at each.
        std::vector<float> line(std::size_t(right - left)), reduced(std::size_t(core.width));
        for (int c = 0; c < type_.bands; c++) {
            const float* plane =
                planes.data() + std::size_t(c) * wanted.width * std::size_t(wanted.height);
            for (int i = 0; i < core.height; i++) {
                const float* weights = rows_.at(core.top + i);
                const int first = rows_.first[std::size_t(core.top + i)];
                std::fill(line.begin(), line.end(), 0.0f);
                float* inner = line.data() + (wanted.left - left);
                for (int t = 0; t < rows_.taps; t++) {
                    if (weights[t] == 0) continue;
                    const float* from =
                        plane + std::size_t(first + t - wanted.top) * std::size_t(wanted.width);
                    for (int j = 0; j < wanted.width; j++) inner[j] += weights[t] * from[j];
                }
                columns_.apply(line.data(), left, core.left, core.width, reduced.data());
                float* to = missing.data() + c * area + std::size_t(i) * core.width;
                float* free = excess.data() + (to - missing.data());
                for (int j = 0; j < core.width; j++) {
                    const bool beyond =
                        (to[j] >= 1 && reduced[j] > 1) || (to[j] <= 0 && reduced[j] < 0);
                    to[j] -= reduced[j];
                    if (beyond) free[j] = -to[j];
                }
            }
            follow(missing.data() + c * area, excess.data() + c * area, core);
        }
        return missing;
    }

    /// Gives places with an excess (of D y over white, or negative below black) the mean of the
    /// neighbours without one, but no more than takes the excess away.
    static void follow(float* missing, const float* excess, const Rect& core) {
        for (int i = 0; i < core.height; i++)
            for (int j = 0; j < core.width; j++) {
                const int at = i * core.width + j;
                if (excess[at] == 0) continue;
                float sum = 0;
                int count = 0;
                for (int y = std::max(0, i - 1); y <= std::min(core.height - 1, i + 1); y++)
                    for (int x = std::max(0, j - 1); x <= std::min(core.width - 1, j + 1); x++)
                        if (excess[y * core.width + x] == 0) {
                            sum += missing[y * core.width + x];
                            count++;
                        }
                const float mean = count ? sum / float(count) : 0;
                missing[at] =
                    excess[at] > 0 ? std::max(mean, -excess[at]) : std::min(mean, -excess[at]);
            }
    }

    const Rect large_, small_;
    const SampleType type_;
    const Axis columns_, rows_;
};

/// (D U)^-1 of the residual, of its size and type.
class Correction : public Lazy {
  public:
    Correction(const vips::VImage& y, const vips::VImage& residual, Kernel reduction)
        : small_{0, 0, residual.width(), residual.height()},
          bands_(residual.bands()),
          across_(shrunkAgain(residual.width(), y.width(), reduction),
                  y.width() % residual.width() == 0),
          down_(shrunkAgain(residual.height(), y.height(), reduction),
                y.height() % residual.height() == 0) {}

    void fill(VipsRegion* out, VipsRegion** in) const override {
        constexpr int kReach = Inverse::kReach;
        const VipsRect& r = out->valid;
        const Rect core = within(
            {r.left - kReach, r.top - kReach, r.width + 2 * kReach, r.height + 2 * kReach}, small_);
        prepare(in[0], {core.left, core.top, core.width, core.height});
        // Taps beyond the picture weigh nothing, and find zeros there.
        std::vector<float> line(std::size_t(r.width + 2 * kReach) * bands_);
        float* inner = line.data() + std::size_t(core.left - (r.left - kReach)) * bands_;
        for (int i = 0; i < r.height; i++) {
            downColumns(in[0], core, r.top + i, inner);
            auto* to = reinterpret_cast<float*>(VIPS_REGION_ADDR(out, r.left, r.top + i));
            for (int j = 0; j < r.width; j++) {
                const float* weights = across_.at(r.left + j);
                for (int c = 0; c < bands_; c++) {
                    const float* from = line.data() + std::size_t(j) * bands_ + c;
                    float sum = 0;
                    for (int k = 0; k < Inverse::kTaps; k++) sum += weights[k] * from[k * bands_];
                    *to++ = sum;
                }
            }
        }
    }

  private:
    /// Row `y` of the inverse applied to the columns of `core`, bands interleaved.
    void downColumns(VipsRegion* residual, const Rect& core, int y, float* line) const {
        const int count = core.width * bands_;
        std::fill(line, line + count, 0.0f);
        const float* weights = down_.at(y);
        for (int k = 0; k < Inverse::kTaps; k++) {
            const int row = y + k - Inverse::kReach;
            if (weights[k] == 0 || row < core.top || row >= core.bottom()) continue;
            const auto* from =
                reinterpret_cast<const float*>(VIPS_REGION_ADDR(residual, core.left, row));
            for (int x = 0; x < count; x++) line[x] += weights[k] * from[x];
        }
    }

    const Rect small_;
    const int bands_;
    const Inverse across_, down_;
};

/// y + strength * U correction, in y's type.
class Corrected : public Lazy {
  public:
    Corrected(const vips::VImage& y, const vips::VImage& correction, float strength)
        : large_{0, 0, y.width(), y.height()},
          small_{0, 0, correction.width(), correction.height()},
          type_{y.format(), y.bands()},
          columns_(correction.width(), y.width(), Kernel::bicubic),
          rows_(correction.height(), y.height(), Kernel::bicubic),
          strength_(strength) {}

    void fill(VipsRegion* out, VipsRegion** in) const override {
        const VipsRect& r = out->valid;
        const auto [left, right] = columns_.needed(r.left, r.left + r.width);
        const auto [top, bottom] = rows_.needed(r.top, r.top + r.height);
        // Two more on each side, for what is mirrored.
        const Rect source = within({left - 2, top - 2, right - left + 4, bottom - top + 4}, small_);
        prepare(in[0], r);
        prepare(in[1], {source.left, source.top, source.width, source.height});
        const int begin = std::min(left, source.left), end = std::max(right, source.right());
        const std::size_t area = std::size_t(r.width) * r.height;
        std::vector<float> planes(3 * area), line(std::size_t(end - begin)), grown(r.width);
        readPlanes(in[0], type_, large_.width, large_.height, {r.left, r.top, r.width, r.height},
                   planes.data());
        for (int i = 0; i < r.height; i++) {
            float* row = planes.data() + std::size_t(i) * r.width;
            for (int c = 0; c < type_.bands; c++) {
                acrossRows(in[1], r.top + i, c, source, line.data() + (source.left - begin));
                for (int x = begin; x < 0; x++)
                    line[x - begin] = line[mirrored(x, small_.width) - begin];
                for (int x = small_.width; x < end; x++)
                    line[x - begin] = line[mirrored(x, small_.width) - begin];
                columns_.apply(line.data(), begin, r.left, r.width, grown.data());
                for (int x = 0; x < r.width; x++) row[c * area + x] += strength_ * grown[x];
            }
            const bool colour = type_.bands == 3;
            writeRow(row, colour ? row + area : row, colour ? row + 2 * area : row, r.width, type_,
                     VIPS_REGION_ADDR(out, r.left, r.top + i));
        }
    }

  private:
    /// The correction's columns `source` at output row `y`.
    void acrossRows(VipsRegion* correction, int y, int band, const Rect& source,
                    float* line) const {
        std::fill(line, line + source.width, 0.0f);
        for (int k = 0; k < rows_.taps; k++) {
            const int place = mirrored(rows_.first[std::size_t(y)] + k, small_.height);
            const float weight = rows_.at(y)[k];
            const auto* from =
                reinterpret_cast<const float*>(VIPS_REGION_ADDR(correction, source.left, place)) +
                band;
            for (int x = 0; x < source.width; x++) line[x] += weight * from[x * type_.bands];
        }
    }

    const Rect large_, small_;
    const SampleType type_;
    const Axis columns_, rows_;
    const float strength_;
};

/// An image whose pieces are asked for again and again, kept in tiles.
vips::VImage kept(const vips::VImage& image, int tileWidth, int tileHeight, int tiles) {
    return image.tilecache(vips::VImage::option()
                               ->set("tile_width", tileWidth)
                               ->set("tile_height", tileHeight)
                               ->set("max_tiles", tiles)
                               ->set("threaded", true));
}

/// The same of a part of it, computed as one piece; the rest is 0.
vips::VImage keptPart(const vips::VImage& image, const Rect& part) {
    return kept(image.crop(part.left, part.top, part.width, part.height), part.width, part.height,
                1)
        .embed(part.left, part.top, image.width(), image.height());
}

Rect grown(const Rect& r, int by) {
    return {r.left - by, r.top - by, r.width + 2 * by, r.height + 2 * by};
}

/// What of the small picture a part of the large one is made of, for axes that lead there.
Rect sourceOf(const Rect& part, const Axis& columns, const Axis& rows) {
    const auto [left, right] = columns.needed(part.left, part.right());
    const auto [top, bottom] = rows.needed(part.top, part.bottom());
    return {left, top, right - left, bottom - top};
}

/// The part of the correction that `part` of the result is made of.
Rect correctionOf(const Rect& part, const Rect& large, const Rect& small) {
    const Axis columns(small.width, large.width, Kernel::bicubic);
    const Axis rows(small.height, large.height, Kernel::bicubic);
    return within(grown(sourceOf(part, columns, rows), 2), small);
}

}  // namespace

Rect boundOf(const Rect& part, const Rect& large, const Rect& small, Kernel reduction) {
    const Rect core = within(grown(correctionOf(part, large, small), Inverse::kReach + 1), small);
    const Axis columns(large.width, small.width, reduction, Borders::cut);
    const Axis rows(large.height, small.height, reduction, Borders::cut);
    return within(sourceOf(core, columns, rows), large);
}

vips::VImage bound(const vips::VImage& y, const vips::VImage& x, Kernel reduction, float strength,
                   const std::optional<Rect>& part) {
    const auto small = [&](std::unique_ptr<Lazy> op, const std::vector<vips::VImage>& inputs) {
        return lazy(std::move(op), inputs, x.width(), x.height(), VIPS_FORMAT_FLOAT, x.bands());
    };
    vips::VImage residual = small(std::make_unique<Residual>(y, x, reduction), {y, x});
    const auto correct = [&] {
        return small(std::make_unique<Correction>(y, residual, reduction), {residual});
    };
    vips::VImage correction;
    if (part) {
        const Rect all{0, 0, x.width(), x.height()};
        const Rect piece = correctionOf(*part, {0, 0, y.width(), y.height()}, all);
        residual = keptPart(residual, within(grown(piece, Inverse::kReach), all));
        correction = keptPart(correct(), piece);
    } else {
        // Every piece needs what lies around it, much of which was computed with the strips before.
        constexpr int kWidth = 256, kHeight = 64, kFine = 16;
        const int columns = x.width() / kWidth + 1;
        residual = kept(residual, kWidth, kFine, 8 * columns + 4);
        correction = kept(correct(), kWidth, kHeight, 3 * columns + 4);
    }
    return lazy(std::make_unique<Corrected>(y, correction, strength), {y, correction}, y.width(),
                y.height(), y.format(), y.bands());
}

}  // namespace acuity::ops
