#include "diagnose/reduction.h"

#include <algorithm>
#include <cmath>

namespace acuity::diagnose {
namespace {

constexpr int kPiece = 128, kPieces = 16, kCandidates = 64;
/// Mean difference of neighbours, 0 to 1: plainer pieces hold nothing but rounding.
constexpr double kLeastDetail = 0.004;

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

}  // namespace acuity::diagnose
