#include "ops/planar.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace acuity::ops {
namespace {

float white(VipsBandFormat format) {
    return format == VIPS_FORMAT_UCHAR ? 255.0f : format == VIPS_FORMAT_USHORT ? 65535.0f : 1.0f;
}

/// Position within 0 to size-1 after mirroring at both ends, the edge repeated.
int mirrored(int at, int size) {
    const int period = 2 * size;
    at = ((at % period) + period) % period;
    return at < size ? at : period - 1 - at;
}

template <typename Sample>
void readTyped(VipsRegion* region, int bands, int pictureWidth, int pictureHeight,
               const Rect& wanted, float scale, float* planes) {
    const std::size_t area = std::size_t(wanted.width) * wanted.height;
    const VipsRect& valid = region->valid;
    // A last tile that is mostly beyond the picture is filled up past its halo, where mirroring may
    // reach what was not asked for: nothing that is kept depends on those samples.
    const auto within = [](int at, int from, int length) {
        return std::clamp(at, from, from + length - 1);
    };
    std::vector<int> column(wanted.width);
    for (int x = 0; x < wanted.width; x++)
        column[x] =
            within(mirrored(wanted.left + x, pictureWidth), valid.left, valid.width) - valid.left;
    for (int& offset : column) offset *= bands;
    // Inside the picture columns are consecutive: that part of a row needs no look-up.
    const int inner = std::clamp(-wanted.left, 0, wanted.width);
    const int innerEnd = std::clamp(pictureWidth - wanted.left, inner, wanted.width);
    for (int y = 0; y < wanted.height; y++) {
        const int from = within(mirrored(wanted.top + y, pictureHeight), valid.top, valid.height);
        const auto* row =
            reinterpret_cast<const Sample*>(VIPS_REGION_ADDR(region, valid.left, from));
        for (int c = 0; c < 3; c++) {
            float* out = planes + c * area + std::size_t(y) * wanted.width;
            const Sample* samples = row + (bands == 3 ? c : 0);
            for (int x = 0; x < inner; x++) out[x] = float(samples[column[x]]) * scale;
            if (innerEnd > inner) {
                const Sample* run = samples + column[inner];
                for (int x = inner; x < innerEnd; x++, run += bands) out[x] = float(*run) * scale;
            }
            for (int x = innerEnd; x < wanted.width; x++)
                out[x] = float(samples[column[x]]) * scale;
        }
    }
}

template <typename Sample>
void writeTyped(const float* const* planes, int width, int bands, float scale, Sample* row) {
    for (int c = 0; c < bands; c++) {
        const float* plane = planes[c];
        Sample* out = row + c;
        for (int x = 0; x < width; x++) {
            const float value = std::clamp(plane[x] * scale + 0.5f, 0.5f, scale + 0.5f);
            out[std::size_t(x) * bands] = static_cast<Sample>(int(value));
        }
    }
}

}  // namespace

void readPlanes(VipsRegion* region, SampleType type, int pictureWidth, int pictureHeight,
                const Rect& wanted, float* planes) {
    const float scale = 1.0f / white(type.format);
    const auto read = type.format == VIPS_FORMAT_UCHAR    ? readTyped<std::uint8_t>
                      : type.format == VIPS_FORMAT_USHORT ? readTyped<std::uint16_t>
                                                          : readTyped<float>;
    read(region, type.bands, pictureWidth, pictureHeight, wanted, scale, planes);
}

void writeRow(const float* red, const float* green, const float* blue, int width, SampleType type,
              std::uint8_t* row) {
    std::vector<float> mean;
    const float* planes[3] = {red, green, blue};
    if (type.bands == 1) {
        mean.resize(width);
        for (int x = 0; x < width; x++) mean[x] = (red[x] + green[x] + blue[x]) * (1.0f / 3);
        planes[0] = mean.data();
    }
    const float scale = white(type.format);
    if (type.format == VIPS_FORMAT_UCHAR) {
        writeTyped(planes, width, type.bands, scale, row);
    } else if (type.format == VIPS_FORMAT_USHORT) {
        writeTyped(planes, width, type.bands, scale, reinterpret_cast<std::uint16_t*>(row));
    } else {
        auto* out = reinterpret_cast<float*>(row);
        for (int c = 0; c < type.bands; c++)
            for (int x = 0; x < width; x++)
                out[std::size_t(x) * type.bands + c] = std::max(0.0f, planes[c][x]);
    }
}

double keysCubic(double x) {
    x = std::abs(x);
    if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

CubicSkip::CubicSkip(int scale) : scale_(scale), weights_(scale * kTaps), first_(scale) {
    for (int p = 0; p < scale; p++) {
        const double place = (p + 0.5) / scale - 0.5;
        first_[p] = int(std::floor(place)) - 1;
        for (int k = 0; k < kTaps; k++)
            weights_[p * kTaps + k] = float(keysCubic(place - (first_[p] + k)));
    }
}

void CubicSkip::addRow(const float* plane, int stride, int y, int left, int width, float* out) {
    const int phase = y % scale_, row = y / scale_ + first_[phase];
    const float* w = &weights_[phase * kTaps];
    const float* source = plane + std::ptrdiff_t(row) * stride + left - 2;
    line_.resize(width + 4);
    for (int x = 0; x < width + 4; x++)
        line_[x] = w[0] * source[x] + w[1] * source[x + stride] + w[2] * source[x + 2 * stride] +
                   w[3] * source[x + 3 * stride];
    for (int p = 0; p < scale_; p++) {
        const float* h = &weights_[p * kTaps];
        const float* from = line_.data() + 2 + first_[p];
        for (int x = 0; x < width; x++)
            out[x * scale_ + p] +=
                h[0] * from[x] + h[1] * from[x + 1] + h[2] * from[x + 2] + h[3] * from[x + 3];
    }
}

}  // namespace acuity::ops
