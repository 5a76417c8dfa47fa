#include "diagnose/edges.h"

#include <algorithm>
#include <cmath>

namespace acuity::diagnose {
namespace {

constexpr float kStrong = 24 / 255.0f;  // between neighbours

/// Counts places a few pixels beside strong edges, and those where all colours equal the next's.
class Evenness {
  public:
    void add(const Piece& piece) {
        const int width = piece.place.width, height = piece.place.height;
        const std::size_t area = std::size_t(width) * height;
        const float* green = piece.planes.data() + area;
        for (int y = 0; y < height; y++)
            for (int x = kBeside + 1; x + kBeside + 1 < width; x++) {
                const std::size_t at = std::size_t(y) * width + x;
                if (std::abs(green[at + 1] - green[at]) < kStrong) continue;
                for (const std::size_t beside : {at + kBeside, at - kBeside}) {
                    bool even = true, clipped = true;
                    for (std::size_t c = 0; c < 3; c++) {
                        const float here = piece.planes[c * area + beside];
                        even = even && here == piece.planes[c * area + beside + 1];
                        clipped = clipped && (here <= 0 || here >= 1);
                    }
                    if (clipped) continue;  // a burnt sky is even, too
                    seen_++;
                    even_ += even;
                }
            }
    }
    bool even() const { return seen_ >= kFew && double(even_) > kMost * double(seen_); }

  private:
    static constexpr int kBeside = 4;
    static constexpr long kFew = 100;
    static constexpr double kMost = 0.42;
    long seen_ = 0, even_ = 0;
};

/// Overshoots of the edges of one line: a monotonic rise or fall between two parts that are even.
class Overshoots {
  public:
    void add(const float* line, int length, std::ptrdiff_t step) {
        const auto at = [&](int x) { return line[x * step]; };
        for (int x = kRoom; x + kRoom < length; x++) {
            const float slope = at(x + 1) - at(x);
            if (std::abs(slope) < kStrong) continue;
            const float sign = slope > 0 ? 1.0f : -1.0f;
            int from = x, to = x + 1;
            while (from > kRoom && sign * (at(from) - at(from - 1)) > 0) from--;
            while (to + kRoom < length && sign * (at(to + 1) - at(to)) > 0) to++;
            const auto before = plateau(at, from - kFar), after = plateau(at, to + kFar);
            const float height = sign * (after.mean - before.mean);
            if (to - from <= kWidest && height >= kHighEnough && before.range < kEven * height &&
                after.range < kEven * height) {
                found_.push_back(sign * (at(to) - after.mean) / height);
                found_.push_back(sign * (before.mean - at(from)) / height);
                rises_.push_back(to - from);
            }
            x = to;
        }
    }
    int count() const { return int(found_.size()); }
    double median() { return std::max(0.0f, middle(found_)); }
    int rise() { return middle(rises_); }

  private:
    template <typename T>
    static T middle(std::vector<T>& values) {
        const auto at = values.begin() + std::ptrdiff_t(values.size() / 2);
        std::nth_element(values.begin(), at, values.end());
        return *at;
    }

    struct Plateau {
        float mean, range;
    };
    /// Three pixels around a place.
    template <typename At>
    static Plateau plateau(const At& at, int x) {
        const float a = at(x - 1), b = at(x), c = at(x + 1);
        return {(a + b + c) / 3, std::max({a, b, c}) - std::min({a, b, c})};
    }

    static constexpr int kFar = 6, kRoom = kFar + 2;  // from the edge's foot: halos end before
    static constexpr int kWidest = 8;
    static constexpr float kHighEnough = 40 / 255.0f, kEven = 0.08f;
    std::vector<float> found_;
    std::vector<int> rises_;
};

}  // namespace

Edges edgesOf(const std::vector<Piece>& pieces) {
    constexpr int kFewEdges = 60;
    Edges edges;
    Evenness evenness;
    Overshoots overshoots;
    double pixels = 0;
    for (const Piece& piece : pieces) {
        const int width = piece.place.width, height = piece.place.height;
        const std::size_t area = std::size_t(width) * height;
        const float* planes = piece.planes.data();
        evenness.add(piece);
        for (int y = 0; y < height; y++)
            overshoots.add(planes + area + std::size_t(y) * width, width, 1);
        for (int x = 0; x < width; x++) overshoots.add(planes + area + x, height, width);
        for (std::size_t i = 0; i < area; i++) {
            const auto [least, most] =
                std::minmax({planes[i], planes[area + i], planes[2 * area + i]});
            edges.black += most <= 0;
            edges.white += least >= 1;
        }
        pixels += double(area);
    }
    if (pixels > 0) {
        edges.black /= pixels;
        edges.white /= pixels;
    }
    edges.even = evenness.even();
    edges.haloEdges = overshoots.count();
    if (edges.haloEdges >= kFewEdges) {
        edges.halo = overshoots.median();
        edges.rise = overshoots.rise();
    }
    return edges;
}

}  // namespace acuity::diagnose
