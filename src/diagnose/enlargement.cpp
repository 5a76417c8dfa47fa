#include "diagnose/enlargement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>

#include "diagnose/pieces.h"

namespace acuity::diagnose {
namespace {

constexpr ops::Kernel kEnlargers[] = {ops::Kernel::bicubic, ops::Kernel::bilinear,
                                      ops::Kernel::lanczos, ops::Kernel::mitchell};
constexpr int kSide = 256, kLooked = 16, kUsed = 2;  // pieces of a picture
constexpr int kBand = 6;                             // no two kernels farther apart overlap

/// Of Enlargement::likelihood, in the order of its terms, fitted to pictures damaged in known ways
/// (training/enlargement_fit.py).
constexpr double kWeights[] = {-1.68, 0.76, 0.19, 0.93, 1.79, 1.28, -2.58, 1.85};

/// Lines through a piece, side by side: [sample][line].
struct Lines {
    int at = 0, length = 0, count = 0;  // place of the first sample in the whole line
    std::vector<double> values;
};

/// Samples in levels of 255, and whether each was cut off at black or white.
struct Plane {
    std::vector<float> values;
    std::vector<char> cut;
};

/// Luma, where one cut off colour is enough, or one of the colours.
Plane planeOf(const Piece& piece, std::optional<std::size_t> colour) {
    const std::size_t area = std::size_t(piece.place.width) * std::size_t(piece.place.height);
    Plane plane{{}, std::vector<char>(area)};
    for (std::size_t c = 0; c < 3; c++) {
        if (colour && c != *colour) continue;
        const float* from = piece.planes.data() + c * area;
        for (std::size_t i = 0; i < area; i++) plane.cut[i] |= from[i] <= 0 || from[i] >= 1;
        if (colour) plane.values.assign(from, from + area);
    }
    if (!colour)
        plane.values = lumaOf(piece);
    else
        for (float& value : plane.values) value *= 255;
    return plane;
}

/// Rows of a piece, or columns, without their mean. Overshoots that were cut off lie outside every
/// space: of the planes the first one that has enough lines without.
Lines linesOf(const Piece& piece, bool alongRows) {
    const int width = piece.place.width, height = piece.place.height;
    const int length = alongRows ? width : height, count = alongRows ? height : width;
    const auto at = [&](int line, int i) {
        return alongRows ? std::size_t(line) * std::size_t(width) + std::size_t(i)
                         : std::size_t(i) * std::size_t(width) + std::size_t(line);
    };
    constexpr std::optional<std::size_t> kChoices[] = {std::nullopt, 1, 0, 2};  // green, red, blue
    Plane plane;
    std::vector<int> kept;
    for (const auto& choice : kChoices) {
        plane = planeOf(piece, choice);
        kept.clear();
        for (int line = 0; line < count; line++) {
            bool whole = true;
            for (int i = 0; i < length && whole; i++) whole = !plane.cut[at(line, i)];
            if (whole) kept.push_back(line);
        }
        if (int(kept.size()) >= count / 4) break;
    }
    if (int(kept.size()) < count / 4) {
        plane = planeOf(piece, std::nullopt);
        kept.resize(std::size_t(count));
        std::iota(kept.begin(), kept.end(), 0);
    }
    Lines lines{alongRows ? piece.place.left : piece.place.top, length, int(kept.size()),
                std::vector<double>(std::size_t(length) * kept.size())};
    double mean = 0;
    for (const float value : plane.values) mean += double(value) / double(plane.values.size());
    for (std::size_t line = 0; line < kept.size(); line++)
        for (int i = 0; i < length; i++)
            lines.values[std::size_t(i) * kept.size() + line] =
                double(plane.values[at(kept[line], i)]) - mean;
    return lines;
}

/// What lies outside the space of lines that `kernel` enlarged from `source` samples to `target`:
/// its mean square per line and dimension.
double outside(const Lines& lines, ops::Kernel kernel, int source, int target) {
    const double ratio = double(source) / target, radius = ops::radius(kernel);
    const auto centre = [&](int i) { return (i + 0.5) * ratio - 0.5; };
    const int first = int(std::ceil(centre(lines.at) - radius - 1e-9));
    const int last = int(std::floor(centre(lines.at + lines.length - 1) + radius + 1e-9));
    const int unknowns = last - first + 1;
    const auto count = std::size_t(lines.count);
    std::vector<double> gram(std::size_t(unknowns) * (kBand + 1)),
        right(std::size_t(unknowns) * count);
    const auto at = [&](int row, int back) -> double& {
        return gram[std::size_t(row) * (kBand + 1) + std::size_t(back)];
    };
    double total = 0;
    for (int i = 0; i < lines.length; i++) {
        const double middle = centre(lines.at + i);
        const int from = int(std::ceil(middle - radius - 1e-9));
        const int taps = int(std::floor(middle + radius + 1e-9)) - from + 1;
        double weights[kBand + 1], sum = 0;
        for (int k = 0; k < taps; k++) sum += weights[k] = ops::weight(kernel, from + k - middle);
        const double* line = &lines.values[std::size_t(i) * count];
        for (std::size_t r = 0; r < count; r++) total += line[r] * line[r];
        for (int k = 0; k < taps; k++) {
            weights[k] /= sum;
            for (int back = 0; back <= k; back++)
                at(from + k - first, back) += weights[k] * weights[k - back];
            double* to = &right[std::size_t(from + k - first) * count];
            for (std::size_t r = 0; r < count; r++) to[r] += weights[k] * line[r];
        }
    }
    // Cholesky; unknowns at the ends that hardly weigh are held near zero.
    constexpr double kHeld = 1e-7;
    double dimensions = lines.length;
    for (int i = 0; i < unknowns; i++) {
        for (int back = std::min(kBand, i); back >= 0; back--) {
            const int j = i - back;
            double value = at(i, back);
            for (int k = std::max({0, i - kBand, j - kBand}); k < j; k++)
                value -= at(i, i - k) * at(j, j - k);
            if (back > 0) {
                at(i, back) = value / at(j, 0);
                continue;
            }
            value = std::max(value, 0.0);
            dimensions -= value / (value + kHeld);
            at(i, 0) = std::sqrt(value + kHeld);
        }
        double* to = &right[std::size_t(i) * count];
        for (int back = 1; back <= std::min(kBand, i); back++) {
            const double share = at(i, back);
            const double* from = &right[std::size_t(i - back) * count];
            for (std::size_t r = 0; r < count; r++) to[r] -= share * from[r];
        }
        const double scale = 1 / at(i, 0);
        for (std::size_t r = 0; r < count; r++) {
            to[r] *= scale;
            total -= to[r] * to[r];
        }
    }
    return std::max(0.0, total) / double(count) / std::max(1.0, dimensions);
}

/// One direction of a picture, as seen in some of its pieces.
class Direction {
  public:
    Direction(const std::vector<Piece>& pieces, bool alongRows, int length) : length_(length) {
        for (const Piece& piece : pieces) lines_.push_back(linesOf(piece, alongRows));
    }

    /// Mean over the first `used` pieces; each is computed once.
    double outside(ops::Kernel kernel, int size, std::size_t used) const {
        used = std::min(used, lines_.size());
        const auto [known, fresh] = known_.try_emplace({kernel, size, used});
        if (!fresh) return known->second;
        double sum = 0;
        for (std::size_t i = 0; i < used; i++)
            sum += diagnose::outside(lines_[i], kernel, size, length_);
        return known->second = sum / double(used);
    }

    /// The size within `within` of a share of the length that leaves least outside.
    int sizeAt(ops::Kernel kernel, double share, int within, std::size_t used) const {
        const int middle = int(std::lround(share * length_));
        int best = middle;
        double least = 1e300;
        for (int size = middle - within; size <= middle + within; size++)
            if (const double left = outside(kernel, size, used); left < least) {
                least = left;
                best = size;
            }
        return best;
    }

    /// How much less than sizes near by leave outside.
    double drop(ops::Kernel kernel, int size, std::span<const int> near, std::size_t used) const {
        constexpr double kLeast = 0.01;  // of the mean square, in levels of 255
        double least = 1e300;
        for (const int off : near) least = std::min(least, outside(kernel, size + off, used));
        return std::log((least + kLeast) / (outside(kernel, size, used) + kLeast));
    }

    int length() const { return length_; }

  private:
    int length_;
    std::vector<Lines> lines_;
    mutable std::map<std::tuple<ops::Kernel, int, std::size_t>, double> known_;
};

class Search {
  public:
    Search(const std::vector<Piece>& pieces, const vips::VImage& colour)
        : across_(pieces, true, colour.width()), down_(pieces, false, colour.height()) {}

    /// How promising a rhythm is, at a glance.
    double glance(const Rhythm& rhythm) const {
        constexpr int kNear[] = {-7, 5};
        constexpr ops::Kernel kAny = ops::Kernel::bicubic;
        double sum = weightOf(rhythm);
        for (const Direction* direction : {&across_, &down_})
            sum += direction->drop(
                kAny, direction->sizeAt(kAny, rhythm.share, within(*direction), 1), kNear, 1);
        return sum;
    }

    Enlargement look(const Rhythm& rhythm) const {
        constexpr int kNear[] = {-9, -7, -5, -4, 4, 5, 7, 9};
        constexpr std::size_t kAll = 99;
        Enlargement found;
        found.rhythm = rhythm;
        found.width = across_.sizeAt(found.kernel, rhythm.share, within(across_), kAll);
        found.share = double(found.width) / across_.length();
        // The width is whole, and tells the share no better than that.
        const int rounding = (down_.length() + across_.length()) / (2 * across_.length());
        found.height = down_.sizeAt(found.kernel, found.share, 1 + rounding, kAll);
        constexpr double kClearly = 0.93;
        double least = 1e300;
        for (const ops::Kernel kernel : kEnlargers) {
            const double left = (across_.outside(kernel, found.width, kAll) +
                                 down_.outside(kernel, found.height, kAll)) /
                                2;
            // At some factors the spaces of two kernels hardly differ; bicubic is the likelier one.
            if (left >= kClearly * least) continue;
            least = left;
            found.kernel = kernel;
        }
        found.outside = least;
        found.dropAcross = across_.drop(found.kernel, found.width, kNear, kAll);
        found.dropDown = down_.drop(found.kernel, found.height, kNear, kAll);
        return found;
    }

    /// Of drops and rhythm together.
    static double evidence(const Enlargement& found) {
        return found.drop() + weightOf(found.rhythm);
    }

  private:
    /// Beside drops.
    static double weightOf(const Rhythm& rhythm) {
        return rhythm.ofBlocks ? 0 : 0.2 * std::log(1 + rhythm.power);
    }

    /// Rhythms are known to a cycle of the lines that were looked at.
    static int within(const Direction& direction) { return 1 + direction.length() / kLongestLine; }

    const Direction across_, down_;
};

}  // namespace

double Enlargement::likelihood(double spectra, double compressed) const {
    const double of = std::clamp(spectra, 1e-4, 1 - 1e-4), most = std::clamp(drop(), 0.0, 4.0);
    const double hidden = rhythm.ofBlocks ? compressed : 0;
    const double terms[] = {1,
                            std::log(of / (1 - of)),
                            (1 - hidden) * std::log(1 + rhythm.power),
                            hidden,
                            std::clamp(std::min(dropAcross, dropDown), 0.0, 2.0),
                            most,
                            hidden * most,
                            compressed};
    static_assert(std::size(terms) == std::size(kWeights));
    const double sum = std::inner_product(std::begin(terms), std::end(terms), kWeights, 0.0);
    return 1 / (1 + std::exp(-sum));
}

Enlargement enlargementOf(const vips::VImage& colour) {
    constexpr std::size_t kPromising = 3;
    const int side = std::min({kSide, colour.width(), colour.height()});
    std::vector<Piece> seen = pieces(colour, side, kLooked);
    std::sort(seen.begin(), seen.end(),
              [](const Piece& a, const Piece& b) { return a.detail > b.detail; });
    if (seen.size() > kUsed) seen.resize(kUsed);
    const Search search(seen, colour);
    std::vector<std::pair<double, Rhythm>> rhythms;
    for (const Rhythm& rhythm : rhythmsOf(colour))
        rhythms.push_back({search.glance(rhythm), rhythm});
    std::sort(rhythms.begin(), rhythms.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    Enlargement best;
    for (std::size_t i = 0; i < std::min(kPromising, rhythms.size()); i++) {
        const Enlargement found = search.look(rhythms[i].second);
        if (i == 0 || Search::evidence(found) > Search::evidence(best)) best = found;
    }
    return best;
}

}  // namespace acuity::diagnose
