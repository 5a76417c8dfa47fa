#include "diagnose/reduction.h"

#include <algorithm>
#include <cmath>

namespace acuity::diagnose {
namespace {

constexpr int kPiece = 128, kPieces = 16, kCandidates = 64;
/// Mean difference of neighbours, 0 to 1: plainer pieces hold nothing but rounding.
constexpr double kLeastDetail = 0.004;

/// PSNR-Y in dB that binding by the column's kernel gained where the row's made the picture small,
/// both in the order of ops::kReductions; the last row is of pictures that nothing made small, on
/// which a wrong binding does what it does on bicubic ones. Measured, see docs/consistency.md.
constexpr double kGain[7][6] = {
    {0.32, -1.74, 0.19, -0.06, -0.13, -1.42},   // box
    {-0.14, 0.91, 0.23, 0.03, -0.54, 0.78},     // bilinear
    {0.07, -1.08, 0.21, -0.03, -0.37, -0.78},   // hamming
    {-0.29, -1.41, -0.25, 0.02, -0.25, -0.87},  // bicubic
    {-0.27, -2.28, -0.54, 0.00, 0.32, -1.65},   // lanczos
    {-0.21, 0.46, 0.13, 0.03, -0.54, 0.61},     // mitchell
    {-0.29, -1.41, -0.25, -0.03, -0.25, -0.87},
};
/// To harm a picture is worse than to miss a gain.
constexpr double kHarmWeighs = 2;

struct Piece {
    double detail;
    std::vector<float> planes;
};

/// Mean absolute difference of horizontal and vertical neighbours in green, which carries most of
/// the light.
double detailOf(const std::vector<float>& planes, int width, int height) {
    const float* green = planes.data() + std::size_t(width) * height;
    double sum = 0;
    for (int y = 0; y + 1 < height; y++)
        for (int x = 0; x + 1 < width; x++) {
            const float* at = green + std::size_t(y) * width + x;
            sum += std::abs(at[1] - at[0]) + std::abs(at[width] - at[0]);
        }
    return sum / (2.0 * width * height);
}

/// Places from 0 to length - side, evenly spread, at most `most`, hardly overlapping.
std::vector<int> places(int length, int side, int most) {
    const int count = std::clamp((length + side / 2) / side, 1, most);
    std::vector<int> found;
    for (int i = 0; i < count; i++)
        found.push_back(count == 1 ? (length - side) / 2
                                   : int(std::int64_t(length - side) * i / (count - 1)));
    return found;
}

}  // namespace

Reduction reductionOf(const vips::VImage& colour, Network& network) {
    Reduction result;
    if (std::min(colour.width(), colour.height()) < kLeastSide) return result;
    const int width = std::min(kPiece, colour.width()), height = std::min(kPiece, colour.height());
    const double shape = double(colour.width()) / colour.height();
    const int across = std::max(1, int(std::lround(std::sqrt(kCandidates * shape))));
    std::vector<Piece> pieces;
    for (const int y : places(colour.height(), height, std::max(1, kCandidates / across)))
        for (const int x : places(colour.width(), width, across)) {
            Piece piece{0, planesOf(colour, {x, y, width, height})};
            piece.detail = detailOf(piece.planes, width, height);
            if (piece.detail > kLeastDetail) pieces.push_back(std::move(piece));
        }
    if (pieces.empty()) return result;
    const auto used = std::min<std::size_t>(kPieces, pieces.size());
    std::partial_sort(pieces.begin(), pieces.begin() + std::ptrdiff_t(used), pieces.end(),
                      [](const Piece& a, const Piece& b) { return a.detail > b.detail; });
    std::array<double, 7> logits{};
    for (std::size_t i = 0; i < used; i++) {
        const auto answer = network.run(pieces[i].planes, height, width);
        for (std::size_t k = 0; k < logits.size(); k++) logits[k] += double(answer.values[k]);
    }
    // Pieces of one picture err alike: their mean is as sure as they are, their sum would be surer.
    const double scale = 1 / double(used);
    const double most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (std::size_t k = 0; k < logits.size(); k++)
        sum += result.likelihood[k] = std::exp((logits[k] - most) * scale);
    for (double& share : result.likelihood) share /= sum;
    const auto best = std::max_element(result.likelihood.begin(), result.likelihood.end());
    const auto index = std::size_t(best - result.likelihood.begin());
    result.confidence = *best;
    if (index < std::size(ops::kReductions)) result.kernel = ops::kReductions[index];
    return result;
}

std::optional<ops::Kernel> worthAssuming(const Reduction& found) {
    std::optional<ops::Kernel> best;
    double most = 0;
    for (std::size_t assumed = 0; assumed < std::size(ops::kReductions); assumed++) {
        double gain = 0;
        for (std::size_t k = 0; k < found.likelihood.size(); k++)
            gain +=
                found.likelihood[k] * kGain[k][assumed] * (kGain[k][assumed] < 0 ? kHarmWeighs : 1);
        if (gain <= most) continue;
        most = gain;
        best = ops::kReductions[assumed];
    }
    return best;
}

}  // namespace acuity::diagnose
