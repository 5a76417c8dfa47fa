// Resampling kernels, and the taps that a line of pixels is resampled with.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace acuity::ops {

/// Bicubic is Keys' with a = -0.5, lanczos has three lobes, mitchell is B = C = 1/3, hamming a
/// windowed sinc of one lobe, as common programs have them. Shrinking widens all but nearest by
/// the factor.
enum class Kernel { nearest, box, bilinear, hamming, bicubic, lanczos, mitchell };

const char* name(Kernel kernel);

/// Kernels to enlarge with: nearest, bilinear, bicubic, lanczos.
std::optional<Kernel> kernelOfName(std::string_view name);

/// What makes pictures small: box, bilinear, hamming, bicubic, lanczos, mitchell.
std::optional<Kernel> reductionOfName(std::string_view name);
constexpr Kernel kReductions[] = {Kernel::box,     Kernel::bilinear, Kernel::hamming,
                                  Kernel::bicubic, Kernel::lanczos,  Kernel::mitchell};

/// The kernel at a distance of `x` samples, not normalised.
double weight(Kernel kernel, double x);

/// Half the width of a kernel in samples.
double radius(Kernel kernel);

/// What lies beyond the picture: its mirror image, or nothing, and the taps inside weigh the more
/// (as programs do that shrink pictures).
enum class Borders { mirrored, cut };

/// For every output sample of a line: where its taps begin in the source, and their weights.
/// Places may lie outside the source; with Borders::cut their weights are 0.
struct Axis {
    int taps = 1;
    std::vector<int> first;      // never decreases
    std::vector<float> weights;  // [output][tap]

    Axis(int source, int target, Kernel kernel, Borders borders = Borders::mirrored);
    /// Room for other weights than a kernel's, all 0.
    Axis(int taps, int target)
        : taps(taps), first(std::size_t(target)), weights(first.size() * std::size_t(taps)) {}
    const float* at(int i) const { return &weights[std::size_t(i) * std::size_t(taps)]; }
    /// Source samples that outputs from..to-1 are made of: first and one past the last.
    std::pair<int, int> needed(int from, int to) const {
        return {first[std::size_t(from)], first[std::size_t(to - 1)] + taps};
    }
    /// A line of the source, whose first sample is place `lineLeft`, to outputs left..left+width-1.
    void apply(const float* line, int lineLeft, int left, int width, float* out) const;
};

}  // namespace acuity::ops
