#include "diagnose/steps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace acuity::diagnose {
namespace {

constexpr int kEven = 3, kWindow = 14;  // samples: even ones at both ends of those looked at
constexpr std::size_t kKernels = std::size(ops::kReductions);

/// Samples across one edge, its first side 0 and its last side 1, and the sum of what they lack
/// from 1, which is about where it lies.
struct Edge {
    std::array<float, kWindow> values;
    double missing;
};

/// The integral of a kernel from -infinity, the edge softened by a Gaussian before.
class Response {
  public:
    Response(ops::Kernel kernel, double sigma) {
        std::vector<double> density(kCount);
        for (int i = 0; i < kCount; i++) density[std::size_t(i)] = ops::weight(kernel, at(i));
        if (sigma > 0) density = softened(density, sigma);
        double sum = 0;
        for (int i = 0; i < kCount; i++) values_[std::size_t(i)] = sum += density[std::size_t(i)];
        for (double& value : values_) value /= sum;
        for (int i = 0; i < kFine; i++) {
            const double place = double(i) / kFine;
            double missing = 0;
            for (int n = -kReach; n <= kReach; n++) missing += 1 - (*this)(n - place + 0.5);
            bias_[std::size_t(i)] = missing - kReach - place;
        }
    }

    /// Where an edge lies from which so much is missing (Edge::missing). Kernels are symmetric:
    /// what is missing above makes up for what is there below; but the samples of some add up to
    /// more in some places than in others.
    double placeOf(double missing) const {
        const auto biasAt = [&](double place) {
            const double turn = (place - std::floor(place)) * kFine;
            const auto low = std::size_t(turn) % kFine;
            const double share = turn - std::floor(turn);
            return bias_[low] * (1 - share) + bias_[(low + 1) % kFine] * share;
        };
        double place = missing;
        for (int i = 0; i < 3; i++) place = missing - biasAt(place);
        return place;
    }
    double operator()(double x) const {
        const double place = std::clamp((x + kReach) * kFine, 0.0, kCount - 2.0);
        const auto low = std::size_t(place);
        return values_[low] + (values_[low + 1] - values_[low]) * (place - double(low));
    }

  private:
    static constexpr int kReach = 5, kFine = 64, kCount = 2 * kReach * kFine + 1;

    static double at(int i) { return double(i) / kFine - kReach; }

    static std::vector<double> softened(const std::vector<double>& density, double sigma) {
        const int reach = int(4 * sigma * kFine);
        std::vector<double> result(density.size());
        for (int i = reach; i + reach < kCount; i++)
            for (int k = -reach; k <= reach; k++) {
                const double x = double(k) / kFine / sigma;
                result[std::size_t(i)] += std::exp(-0.5 * x * x) * density[std::size_t(i + k)];
            }
        return result;
    }

    std::array<double, kCount> values_{};
    std::array<double, kFine> bias_{};
};

/// Sharp as the pixels of what was reduced, and a little softer: sigma in pixels of the small
/// picture.
constexpr double kSoftness[] = {0, 0.06, 0.12};

/// Softness makes one kernel look like the next softer one, and must explain so much more.
double handicap(double sigma) {
    return 1 + 4 * sigma;
}

void addEdges(const float* line, int length, std::ptrdiff_t step, std::vector<Edge>& edges) {
    constexpr float kSame = 2.5f / 255, kHigh = 60 / 255.0f, kSteep = 0.25f;
    const auto at = [&](int x) { return line[x * step]; };
    for (int x = 0; x + kWindow <= length; x++) {
        const auto even = [&](int from) {
            const auto [least, most] = std::minmax({at(from), at(from + 1), at(from + 2)});
            return most - least <= kSame;
        };
        const int end = x + kWindow - kEven;
        if (!even(x) || !even(end)) continue;
        const float before = (at(x) + at(x + 1) + at(x + 2)) / kEven;
        const float height = (at(end) + at(end + 1) + at(end + 2)) / kEven - before;
        if (std::abs(height) < kHigh) continue;
        Edge edge{{}, 0};
        float steepest = 0;
        for (int i = 0; i < kWindow; i++) {
            edge.values[std::size_t(i)] = (at(x + i) - before) / height;
            edge.missing += 1 - double(edge.values[std::size_t(i)]);
            if (i > 0)
                steepest = std::max(steepest,
                                    edge.values[std::size_t(i)] - edge.values[std::size_t(i - 1)]);
        }
        if (std::abs(edge.missing - kWindow / 2.0) <= 0.5 && steepest > kSteep)
            edges.push_back(edge);
    }
}

double distance(const Edge& edge, const Response& response) {
    const double place = response.placeOf(edge.missing);
    double sum = 0;
    for (int i = 0; i < kWindow; i++) {
        const double off = double(edge.values[std::size_t(i)]) - response(i - place + 0.5);
        sum += off * off;
    }
    return std::sqrt(sum / kWindow);
}

}  // namespace

std::optional<std::array<double, kKernels>> stepsOf(const std::vector<Piece>& pieces) {
    constexpr double kExplained = 0.005, kMost = 0.05;
    constexpr std::size_t kFew = 30;
    std::vector<Edge> edges;
    for (const Piece& piece : pieces) {
        const int width = piece.place.width, height = piece.place.height;
        const float* green = piece.planes.data() + std::size_t(width) * std::size_t(height);
        for (int y = 0; y < height; y++)
            addEdges(green + std::size_t(y) * std::size_t(width), width, 1, edges);
        for (int x = 0; x < width; x++) addEdges(green + x, height, width, edges);
    }
    if (edges.size() < kFew) return std::nullopt;
    static const std::vector<Response> responses = [] {
        std::vector<Response> made;
        for (const ops::Kernel kernel : ops::kReductions)
            for (const double sigma : kSoftness) made.emplace_back(kernel, sigma);
        return made;
    }();
    std::vector<double> sums(responses.size()), distances(responses.size());
    std::size_t explained = 0;
    for (const Edge& edge : edges) {
        for (std::size_t i = 0; i < responses.size(); i++)
            distances[i] = distance(edge, responses[i]);
        // Lines and corners are no edges.
        if (*std::min_element(distances.begin(), distances.end()) > kExplained) continue;
        explained++;
        for (std::size_t i = 0; i < responses.size(); i++)
            sums[i] += std::pow(std::min(distances[i], kMost), 2);
    }
    if (explained < kFew) return std::nullopt;
    std::array<double, kKernels> found{};
    std::size_t at = 0;
    for (double& least : found) {
        least = kMost;
        for (const double sigma : kSoftness)
            least = std::min(least, handicap(sigma) * std::sqrt(sums[at++] / double(explained)));
    }
    return found;
}

}  // namespace acuity::diagnose
