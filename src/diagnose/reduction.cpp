#include "diagnose/reduction.h"

#include <algorithm>
#include <cmath>

#include "diagnose/pieces.h"
#include "diagnose/steps.h"

namespace acuity::diagnose {
namespace {

constexpr int kPiece = 128, kPieces = 8, kCandidates = 64;
constexpr int kLarge = 384, kFew = 4;  // pieces in which edges are looked for
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
/// To harm a picture is worse than to miss a gain; where nothing made it small there is no truth
/// that binding could miss.
constexpr double kHarmWeighs = 1.5;

/// Edges of drawings tell what the network, which knows photographs, does not.
template <typename Steps>
void weigh(const Steps& steps, std::array<double, 7>& logits) {
    constexpr double kWeight = 16, kLeast = 0.001, kMost = 12;
    const double best = std::max(kLeast, *std::min_element(steps.begin(), steps.end()));
    for (std::size_t k = 0; k < steps.size(); k++)
        logits[k] -= std::min(kMost, kWeight * std::max(0.0, steps[k] / best - 1));
}

}  // namespace

void prepareReduction(int width, int height, Network& network) {
    if (std::min(width, height) >= kLeastSide)
        network.prepare(std::min(kPiece, height), std::min(kPiece, width));
}

Reduction reductionOf(const vips::VImage& colour, Network& network) {
    Reduction result;
    if (std::min(colour.width(), colour.height()) < kLeastSide) return result;
    std::vector<Piece> found = pieces(colour, kPiece, kCandidates);
    found.erase(std::remove_if(found.begin(), found.end(),
                               [](const Piece& piece) { return piece.detail <= kLeastDetail; }),
                found.end());
    if (found.empty()) return result;
    const auto used = std::min<std::size_t>(kPieces, found.size());
    std::partial_sort(found.begin(), found.begin() + std::ptrdiff_t(used), found.end(),
                      [](const Piece& a, const Piece& b) { return a.detail > b.detail; });
    std::array<double, 7> logits{};
    for (std::size_t i = 0; i < used; i++) {
        const auto answer =
            network.run(found[i].planes, found[i].place.height, found[i].place.width);
        for (std::size_t k = 0; k < logits.size(); k++) logits[k] += double(answer.values[k]);
    }
    // Pieces of one picture err alike: their mean is as sure as they are, their sum would be surer.
    for (double& logit : logits) logit /= double(used);
    if (const auto steps = stepsOf(pieces(colour, kLarge, kFew))) weigh(*steps, logits);
    const double most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (std::size_t k = 0; k < logits.size(); k++)
        sum += result.likelihood[k] = std::exp(logits[k] - most);
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
            gain += found.likelihood[k] * kGain[k][assumed] *
                    (k < std::size(ops::kReductions) && kGain[k][assumed] < 0 ? kHarmWeighs : 1);
        if (gain <= most) continue;
        most = gain;
        best = ops::kReductions[assumed];
    }
    return best;
}

}  // namespace acuity::diagnose
