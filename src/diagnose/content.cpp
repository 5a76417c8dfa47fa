#include "diagnose/content.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "diagnose/pieces.h"

namespace acuity::diagnose {
namespace {

constexpr int kWindow = 48;
constexpr int kBlur = 4;  // squares that are averaged before a window is called plain

/// Middle window of field `i` of `count` along a side.
int place(int length, int i, int count) {
    return std::clamp(int((i + 0.5) * length / count) - kWindow / 2, 0, length - kWindow);
}

/// Between the 3rd and the 97th percentile of the means of small squares.
double spread(const std::vector<float>& luma) {
    constexpr int kSquares = kWindow / kBlur;
    std::vector<float> means(std::size_t(kSquares) * kSquares);
    for (int y = 0; y < kWindow; y++)
        for (int x = 0; x < kWindow; x++)
            means[std::size_t(y / kBlur * kSquares + x / kBlur)] +=
                luma[std::size_t(y * kWindow + x)] / (kBlur * kBlur);
    std::sort(means.begin(), means.end());
    const auto at = [&](double share) { return means[std::size_t(share * double(means.size()))]; };
    return double(at(0.97) - at(0.03));
}

/// Judged on Kodak and Set14 pictures and drawings, clean and as JPEG of quality 60 to 90.
Field kindOf(const std::vector<float>& luma) {
    constexpr double kPlain = 10;                        // levels of 255
    constexpr float kFlat = 2, kMiddle = 4, kEdge = 20;  // between neighbours
    constexpr double kMostlyFlat = 0.55, kSomeEdges = 0.01, kBetween = 1.5;
    if (spread(luma) < kPlain) return Field::plain;
    int flat = 0, middle = 0, edges = 0;
    const auto count = [&](float a, float b) {
        const float step = std::abs(a - b);
        flat += step <= kFlat;
        middle += step > kMiddle && step <= kEdge;
        edges += step > kEdge;
    };
    for (int y = 0; y < kWindow; y++)
        for (int x = 0; x < kWindow; x++) {
            const float* at = &luma[std::size_t(y * kWindow + x)];
            if (x + 1 < kWindow) count(at[0], at[1]);
            if (y + 1 < kWindow) count(at[0], at[kWindow]);
        }
    const double all = 2.0 * kWindow * (kWindow - 1);
    const bool drawn =
        flat > kMostlyFlat * all && edges > kSomeEdges * all && middle < kBetween * edges;
    return drawn ? Field::drawing : Field::photograph;
}

/// Counts samples of a line that lie on stairs: two steps of one colour and at least four samples
/// each, between rises of three to sixteen levels, or falls.
class Stairs {
  public:
    void add(const float* line, int length, std::ptrdiff_t step) {
        int begin = 0, before = 0, earlier = 0;  // where the last three steps began
        float rise = 0;
        for (int x = 1; x <= length; x++) {
            const float here = line[(x - 1) * step];
            const float change = x == length ? 0 : line[x * step] - here;
            if (x < length && std::abs(change) < kSame) continue;
            const bool wide = x - begin >= kWide;
            const bool stair = wide && std::abs(rise) >= kLeast && std::abs(rise) <= kMost;
            const bool on = stair && rise * change > 0 && std::abs(change) >= kLeast &&
                            std::abs(change) <= kMost && begin - before >= kWide;
            if (on) on_ += x - std::max(before, earlier);
            if (on) earlier = x;
            before = begin;
            begin = x;
            rise = change;
        }
        all_ += length;
    }
    double share() const { return all_ == 0 ? 0 : double(on_) / double(all_); }

  private:
    static constexpr int kWide = 4;
    static constexpr float kSame = 0.5f / 255, kLeast = 2.5f / 255, kMost = 16.5f / 255;
    long on_ = 0, all_ = 0;
};

}  // namespace

double Content::share(Field kind) const {
    double found = 0, all = 0;
    for (const std::string& row : rows) {
        found += double(std::count(row.begin(), row.end(), char(kind)));
        all += double(row.size());
    }
    return all == 0 ? 0 : found / all;
}

Content contentOf(const vips::VImage& colour, int most) {
    Content content;
    const int across = std::min(most, colour.width() / kWindow);
    const int down = std::min(most, colour.height() / kWindow);
    for (int y = 0; y < down; y++) {
        std::string row;
        for (int x = 0; x < across; x++)
            row += char(kindOf(
                lumaOf(pieceOf(colour, {place(colour.width(), x, across),
                                        place(colour.height(), y, down), kWindow, kWindow}))));
        if (!row.empty()) content.rows.push_back(row);
    }
    return content;
}

void addText(Content& content, const vips::VImage& mask) {
    constexpr double kSoMuch = 0.25 * 255;
    const auto* cells = static_cast<const std::uint8_t*>(mask.data());
    const int down = int(content.rows.size());
    for (int y = 0; y < down; y++) {
        std::string& row = content.rows[std::size_t(y)];
        const int across = int(row.size());
        for (int x = 0; x < across; x++) {
            const int left = mask.width() * x / across, top = mask.height() * y / down;
            const int right = std::max(left + 1, mask.width() * (x + 1) / across);
            const int bottom = std::max(top + 1, mask.height() * (y + 1) / down);
            double sum = 0;
            for (int line = top; line < bottom; line++) {
                const std::uint8_t* from = cells + std::ptrdiff_t(line) * mask.width();
                sum = std::accumulate(from + left, from + right, sum);
            }
            if (sum > kSoMuch * (right - left) * (bottom - top))
                row[std::size_t(x)] = char(Field::text);
        }
    }
}

double bandingIn(const vips::VImage& colour) {
    constexpr int kSide = 192, kPieces = 16;
    Stairs stairs;
    for (const Piece& piece : pieces(colour, kSide, kPieces)) {
        const int width = piece.place.width, height = piece.place.height;
        const float* green = piece.planes.data() + std::size_t(width) * std::size_t(height);
        for (int y = 0; y < height; y++) stairs.add(green + std::size_t(y) * width, width, 1);
        for (int x = 0; x < width; x++) stairs.add(green + x, height, width);
    }
    return stairs.share();
}

}  // namespace acuity::diagnose
