#include "ops/kernels.h"

#include <algorithm>
#include <cmath>

#include "ops/planar.h"

namespace acuity::ops {
namespace {

constexpr std::pair<const char*, Kernel> kNames[] = {
    {"nearest", Kernel::nearest},  {"box", Kernel::box},         {"bilinear", Kernel::bilinear},
    {"hamming", Kernel::hamming},  {"bicubic", Kernel::bicubic}, {"lanczos", Kernel::lanczos},
    {"mitchell", Kernel::mitchell}};

double sinc(double x) {
    return std::abs(x) < 1e-9 ? 1 : std::sin(M_PI * x) / (M_PI * x);
}

std::optional<Kernel> named(std::string_view name) {
    for (const auto& [known, kernel] : kNames)
        if (name == known) return kernel;
    return std::nullopt;
}

}  // namespace

const char* name(Kernel kernel) {
    for (const auto& [known, value] : kNames)
        if (value == kernel) return known;
    return "";
}

std::optional<Kernel> kernelOfName(std::string_view name) {
    const auto kernel = named(name);
    const bool enlarges = kernel && (*kernel == Kernel::nearest || *kernel == Kernel::bilinear ||
                                     *kernel == Kernel::bicubic || *kernel == Kernel::lanczos);
    return enlarges ? kernel : std::nullopt;
}

std::optional<Kernel> reductionOfName(std::string_view name) {
    const auto kernel = named(name);
    return kernel == Kernel::nearest ? std::nullopt : kernel;
}

double weight(Kernel kernel, double x) {
    x = std::abs(x);
    switch (kernel) {
        case Kernel::nearest:
            return 0;  // taken apart: one sample
        case Kernel::box:
            return x <= 0.5 + 1e-9 ? 1 : 0;
        case Kernel::bilinear:
            return std::max(0.0, 1 - x);
        case Kernel::hamming:
            return x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * std::cos(M_PI * x));
        case Kernel::bicubic:
            return keysCubic(x);
        case Kernel::lanczos:
            return x >= 3 ? 0 : sinc(x) * sinc(x / 3);
        case Kernel::mitchell:  // Mitchell and Netravali 1988
            if (x < 1) return (7 * x * x * x - 12 * x * x + 16.0 / 3) / 6;
            if (x < 2) return (-7.0 / 3 * x * x * x + 12 * x * x - 20 * x + 32.0 / 3) / 6;
            return 0;
    }
    return 0;
}

double radius(Kernel kernel) {
    switch (kernel) {
        case Kernel::nearest:
        case Kernel::box:
            return 0.5;
        case Kernel::bilinear:
        case Kernel::hamming:
            return 1;
        case Kernel::bicubic:
        case Kernel::mitchell:
            return 2;
        case Kernel::lanczos:
            return 3;
    }
    return 0;
}

Axis::Axis(int source, int target, Kernel kernel, Borders borders) : first(std::size_t(target)) {
    const double ratio = double(source) / target, stretch = std::max(1.0, ratio);
    if (kernel != Kernel::nearest) taps = int(std::ceil(2 * radius(kernel) * stretch)) + 1;
    weights.resize(std::size_t(target) * std::size_t(taps));
    for (int i = 0; i < target; i++) {
        const double centre = (i + 0.5) * ratio - 0.5;
        float* w = &weights[std::size_t(i) * std::size_t(taps)];
        int& begin = first[std::size_t(i)];
        if (kernel == Kernel::nearest) {
            begin = std::min(source - 1, int((i + 0.5) * ratio));
            w[0] = 1;
            continue;
        }
        begin = int(std::ceil(centre - radius(kernel) * stretch - 1e-9));
        double sum = 0;
        for (int k = 0; k < taps; k++) {
            const int place = begin + k;
            const bool outside = place < 0 || place >= source;
            if (outside && borders == Borders::cut) continue;
            sum += w[k] = float(weight(kernel, (place - centre) / stretch));
        }
        for (int k = 0; k < taps; k++) w[k] = float(w[k] / sum);
    }
}

void Axis::apply(const float* line, int lineLeft, int left, int width, float* out) const {
    for (int x = 0; x < width; x++) {
        const float* w = at(left + x);
        const float* from = line + first[std::size_t(left + x)] - lineLeft;
        float sum = 0;
        for (int k = 0; k < taps; k++) sum += w[k] * from[k];
        out[x] = sum;
    }
}

}  // namespace acuity::ops
