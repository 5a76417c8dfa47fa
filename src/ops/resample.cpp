#include "ops/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "ops/planar.h"

namespace acuity::ops {
namespace {

double weight(Kernel kernel, double x) {
    x = std::abs(x);
    switch (kernel) {
        case Kernel::nearest:
            return 0;  // taken apart: one sample
        case Kernel::bilinear:
            return std::max(0.0, 1 - x);
        case Kernel::bicubic:
            return keysCubic(x);
        case Kernel::lanczos:
            if (x < 1e-9) return 1;
            if (x >= 3) return 0;
            return 3 * std::sin(M_PI * x) * std::sin(M_PI * x / 3) / (M_PI * M_PI * x * x);
    }
    return 0;
}

double radius(Kernel kernel) {
    return kernel == Kernel::bilinear ? 1 : kernel == Kernel::bicubic ? 2 : 3;
}

/// For every output sample of one axis: where its taps begin in the source, and their weights.
struct Axis {
    int taps = 1;
    std::vector<int> first;
    std::vector<float> weights;  // [output][tap]

    Axis(int source, int target, Kernel kernel) : first(std::size_t(target)) {
        const double ratio = double(source) / target, stretch = std::max(1.0, ratio);
        if (kernel != Kernel::nearest) taps = int(std::ceil(2 * radius(kernel) * stretch)) + 1;
        weights.resize(std::size_t(target) * taps);
        for (int i = 0; i < target; i++) {
            const double centre = (i + 0.5) * ratio - 0.5;
            float* w = &weights[std::size_t(i) * taps];
            if (kernel == Kernel::nearest) {
                first[i] = std::min(source - 1, int((i + 0.5) * ratio));
                w[0] = 1;
                continue;
            }
            first[i] = int(std::ceil(centre - radius(kernel) * stretch - 1e-9));
            double sum = 0;
            for (int k = 0; k < taps; k++)
                sum += w[k] = float(weight(kernel, (first[i] + k - centre) / stretch));
            for (int k = 0; k < taps; k++) w[k] = float(w[k] / sum);
        }
    }
    const float* at(int i) const { return &weights[std::size_t(i) * taps]; }
};

struct ResampleOp {
    vips::VImage in;
    Axis columns, rows;
    SampleType type;

    void fill(VipsRegion* out, VipsRegion* region) const {
        const VipsRect& r = out->valid;
        // first[] never decreases, so the ends of the rectangle bound what is needed.
        Rect wanted;
        wanted.left = columns.first[r.left];
        wanted.top = rows.first[r.top];
        wanted.width = columns.first[r.left + r.width - 1] + columns.taps - wanted.left;
        wanted.height = rows.first[r.top + r.height - 1] + rows.taps - wanted.top;
        prepare(region, wanted);
        const std::size_t area = std::size_t(wanted.width) * wanted.height;
        std::vector<float> planes(3 * area), line(wanted.width), row(std::size_t(3) * r.width);
        readPlanes(region, type, in.width(), in.height(), wanted, planes.data());
        for (int y = 0; y < r.height; y++) {
            const float* down = rows.at(r.top + y);
            const int from = rows.first[r.top + y] - wanted.top;
            for (int c = 0; c < type.bands; c++) {
                std::fill(line.begin(), line.end(), 0.0f);
                for (int k = 0; k < rows.taps; k++) {
                    const float* source = &planes[c * area + std::size_t(from + k) * wanted.width];
                    for (int x = 0; x < wanted.width; x++) line[x] += down[k] * source[x];
                }
                across(line.data(), wanted.left, r.left, r.width, &row[std::size_t(c) * r.width]);
            }
            const float* first = row.data();
            const bool colour = type.bands == 3;
            writeRow(first, colour ? first + r.width : first, colour ? first + 2 * r.width : first,
                     r.width, type, VIPS_REGION_ADDR(out, r.left, r.top + y));
        }
    }

  private:
    void across(const float* line, int lineLeft, int left, int width, float* out) const {
        for (int x = 0; x < width; x++) {
            const float* w = columns.at(left + x);
            const float* from = line + columns.first[left + x] - lineLeft;
            float sum = 0;
            for (int k = 0; k < columns.taps; k++) sum += w[k] * from[k];
            out[x] = sum;
        }
    }

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
        area.width = span(wanted.left, wanted.width, in.width(), area.left);
        area.height = span(wanted.top, wanted.height, in.height(), area.top);
        if (vips_region_prepare(region, &area))
            throw Error(Kind::input, "the picture's pixels could not be computed");
    }
};

int generate(VipsRegion* out, void* region, void*, void* op, gboolean*) {
    try {
        static_cast<const ResampleOp*>(op)->fill(out, static_cast<VipsRegion*>(region));
        return 0;
    } catch (const std::exception& error) {
        vips_error("acuity", "%s", error.what());
        return -1;
    }
}

}  // namespace

std::optional<Kernel> kernelOfName(std::string_view name) {
    if (name == "nearest") return Kernel::nearest;
    if (name == "bilinear") return Kernel::bilinear;
    if (name == "bicubic") return Kernel::bicubic;
    if (name == "lanczos") return Kernel::lanczos;
    return std::nullopt;
}

vips::VImage resample(const vips::VImage& in, int width, int height, Kernel kernel) {
    if (width == in.width() && height == in.height()) return in;
    auto* op =
        new ResampleOp{in, Axis(in.width(), width, kernel), Axis(in.height(), height, kernel),
                       SampleType{in.format(), in.bands()}};
    VipsImage* out = vips_image_new();
    vips::VImage result(out);
    g_object_set_data_full(G_OBJECT(out), "acuity-resample", op,
                           [](void* p) { delete static_cast<ResampleOp*>(p); });
    VipsImage* source = in.get_image();
    if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_FATSTRIP, source, nullptr))
        throw Error(Kind::internal, "libvips refused the image operation");
    out->Xsize = width;
    out->Ysize = height;
    if (vips_image_generate(out, vips_start_one, generate, vips_stop_one, source, op))
        throw Error(Kind::internal, "libvips refused the image operation");
    return result;
}

}  // namespace acuity::ops
