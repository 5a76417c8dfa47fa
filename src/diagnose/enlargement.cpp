#include "diagnose/enlargement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <tuple>

#include "diagnose/pieces.h"
#include "diagnose/profile.h"
#include "diagnose/strips.h"

namespace acuity::diagnose {
namespace {

constexpr ops::Kernel kEnlargers[] = {ops::Kernel::bicubic, ops::Kernel::bilinear,
                                      ops::Kernel::lanczos, ops::Kernel::mitchell};
/// Pictures up to this size are looked at as a whole, and every size is tried; of larger ones
/// pieces, and the sizes that their rhythm suggests.
constexpr double kTriedPixels = 1.5e6;
constexpr int kTriedSide = 1600;  // the work grows with its square
constexpr int kSide = 256, kLooked = 16, kUsed = 2;

/// Of Enlargement::likelihood, in the order of its terms, fitted to pictures damaged in known ways
/// (training/enlargement_fit.py).
constexpr double kWeights[] = {0.32, 0.84, -0.16, 0.06, 0.88};

/// One direction of a picture, as seen in some of its pieces.
class Direction {
  public:
    Direction() = default;
    Direction(const std::vector<Piece>& pieces, bool alongRows, int length)
        : length_(length), unit_(std::max(1, length / 600)) {
        for (const Piece& piece : pieces)
            for (Strip& strip : stripsOf(piece, alongRows)) strips_.push_back(std::move(strip));
    }

    /// Mean over the first `used` strips; each is computed once.
    double outside(ops::Kernel kernel, int size, std::size_t used = kAll) const {
        used = std::min(used, strips_.size());
        const auto [known, fresh] = known_.try_emplace({kernel, size, used});
        if (!fresh) return known->second;
        double sum = 0;
        for (std::size_t i = 0; i < used; i++)
            sum += diagnose::outside(strips_[i], kernel, size, length_);
        return known->second = sum / double(used);
    }

    /// The size within `within` of a share of the length that leaves least outside.
    int sizeAt(ops::Kernel kernel, double share, int within, std::size_t used = kAll) const {
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
    double drop(ops::Kernel kernel, int size, std::span<const int> near,
                std::size_t used = kAll) const {
        double least = 1e300;
        for (const int off : near)
            least = std::min(least, levelOf(kernel, size + off * unit_, used));
        return least - levelOf(kernel, size, used);
    }

    /// The same in standard deviations of what sizes near by leave, from the line through it.
    double clarity(ops::Kernel kernel, int size) const {
        constexpr int kFrom = 4, kTo = 12, kCount = 2 * (kTo - kFrom + 1);
        constexpr double kLeast = 1e-4;  // deviation
        double sum = 0, slope = 0, squares = 0, scatter = 0, levels[2 * kTo + 1];
        const auto eachNear = [&](auto&& visit) {
            for (int off = -kTo; off <= kTo; off++)
                if (std::abs(off) >= kFrom) visit(off, levels[off + kTo]);
        };
        eachNear([&](int off, double& level) {
            level = levelOf(kernel, size + off * unit_, kAll);
            sum += level;
            slope += off * level;
            squares += off * off;
        });
        const double middle = sum / kCount;
        eachNear([&](int off, double level) {
            scatter += std::pow(level - middle - slope / squares * off, 2) / (kCount - 2);
        });
        return (middle - levelOf(kernel, size, kAll)) / (std::sqrt(scatter) + kLeast);
    }

    int length() const { return length_; }

  private:
    static constexpr std::size_t kAll = 99;

    double levelOf(ops::Kernel kernel, int size, std::size_t used) const {
        constexpr double kLeast = 0.01;  // of the mean square, in levels of 255
        return std::log(outside(kernel, size, used) + kLeast);
    }

    int length_ = 0;
    int unit_ = 1;  // sizes that tell apart: in long lines neighbours differ by nothing in a strip
    std::vector<Strip> strips_;
    mutable std::map<std::tuple<ops::Kernel, int, std::size_t>, double> known_;
};

/// Clarity of two directions together, in standard deviations.
double bothOf(double across, double down) {
    return (across + down) / std::sqrt(2);
}

/// What speaks for one among several: only a little where JPEG may be what is seen.
double evidence(const Rhythm& rhythm, double clear, double compressed) {
    constexpr double kHidden = 0.8;
    return rhythm.ofBlocks ? clear * (1 - kHidden * compressed)
                           : clear + std::log(1 + rhythm.power);
}

class Search {
  public:
    Search(const vips::VImage& colour, double compressed)
        : compressed_(compressed), rhythms_(colour) {
        const std::vector<Piece> pieces = seen(colour);
        across_ = Direction(pieces, true, colour.width());
        down_ = Direction(pieces, false, colour.height());
    }

    /// The most promising ones first.
    std::vector<Rhythm> promising() const {
        std::vector<std::pair<double, Rhythm>> all;
        if (tried(across_.length(), down_.length())) {
            const int last = int(kLargestShare * across_.length());
            for (int width = int(kSmallestShare * across_.length()); width <= last; width++) {
                const Rhythm rhythm = rhythms_.at(double(width) / across_.length());
                const double clear = bothOf(across_.clarity(kAny, width), clearDown(rhythm.share));
                all.push_back({evidence(rhythm, clear, compressed_), rhythm});
            }
        } else {
            for (const Rhythm& rhythm : rhythms_.strongest())
                all.push_back({glance(rhythm), rhythm});
        }
        std::sort(all.begin(), all.end(),
                  [](const auto& a, const auto& b) { return a.first > b.first; });
        constexpr std::size_t kPromising = 4;
        std::vector<Rhythm> first;
        for (std::size_t i = 0; i < std::min(kPromising, all.size()); i++)
            first.push_back(all[i].second);
        return first;
    }

    Enlargement look(const Rhythm& rhythm) const {
        constexpr int kNear[] = {-9, -7, -5, -4, 4, 5, 7, 9};
        Enlargement found;
        found.rhythm = rhythm;
        found.width = across_.sizeAt(kAny, rhythm.share, within(across_));
        found.share = double(found.width) / across_.length();
        found.height = down_.sizeAt(kAny, found.share, 1 + rounding());
        constexpr double kClearly = 0.93;
        double least = 1e300;
        for (const ops::Kernel kernel : kEnlargers) {
            const double left =
                (across_.outside(kernel, found.width) + down_.outside(kernel, found.height)) / 2;
            // At some factors the spaces of two kernels hardly differ; bicubic is the likelier one.
            if (left >= kClearly * least) continue;
            least = left;
            found.kernel = kernel;
        }
        found.outside = least;
        found.dropAcross = across_.drop(found.kernel, found.width, kNear);
        found.dropDown = down_.drop(found.kernel, found.height, kNear);
        found.clearAcross = across_.clarity(found.kernel, found.width);
        found.clearDown = down_.clarity(found.kernel, found.height);
        return found;
    }

    double evidenceOf(const Enlargement& found) const {
        return evidence(found.rhythm, bothOf(found.clearAcross, found.clearDown), compressed_);
    }

  private:
    static constexpr ops::Kernel kAny = ops::Kernel::bicubic;

    static bool tried(int width, int height) {
        return std::max(width, height) <= kTriedSide && double(width) * height <= kTriedPixels;
    }

    static std::vector<Piece> seen(const vips::VImage& colour) {
        const int width = colour.width(), height = colour.height();
        if (tried(width, height)) return {pieceOf(colour, {0, 0, width, height})};
        std::vector<Piece> all = pieces(colour, std::min({kSide, width, height}), kLooked);
        std::sort(all.begin(), all.end(),
                  [](const Piece& a, const Piece& b) { return a.detail > b.detail; });
        all.resize(std::min<std::size_t>(all.size(), kUsed));
        return all;
    }

    /// How promising a rhythm is, at a glance.
    double glance(const Rhythm& rhythm) const {
        constexpr int kNear[] = {-7, 5};
        constexpr std::size_t kFew = 2;
        double sum = rhythm.ofBlocks ? 0 : 0.2 * std::log(1 + rhythm.power);
        for (const Direction* direction : {&across_, &down_})
            sum += direction->drop(
                kAny, direction->sizeAt(kAny, rhythm.share, within(*direction), kFew), kNear, kFew);
        return sum;
    }

    /// Of the clearest height that a share of the width leaves possible.
    double clearDown(double share) const {
        const int middle = int(std::lround(share * down_.length()));
        double most = -1e300;
        for (int height = middle - rounding(); height <= middle + rounding(); height++)
            most = std::max(most, down_.clarity(kAny, height));
        return most;
    }

    /// The width is whole, and tells the share, and so the height, no better than that.
    int rounding() const { return 1 + (down_.length() - 1) / (2 * across_.length()); }

    /// Rhythms are known to a cycle of the lines that were looked at.
    static int within(const Direction& direction) { return 1 + direction.length() / kLongestLine; }

    const double compressed_;
    const Rhythms rhythms_;
    Direction across_, down_;
};

}  // namespace

double Enlargement::likelihood(double spectra, double compressed) const {
    constexpr double kChance = 1.5, kMost = 6;  // of the less clear direction: the first by chance
    const double of = std::clamp(spectra, 1e-4, 1 - 1e-4);
    const double hidden = rhythm.ofBlocks ? compressed : 0;
    const double clear = std::clamp(std::min(clearAcross, clearDown) - kChance, 0.0, kMost);
    const double terms[] = {1, std::log(of / (1 - of)), (1 - hidden) * std::log(1 + rhythm.power),
                            hidden, (1 - hidden) * clear};
    static_assert(std::size(terms) == std::size(kWeights));
    const double sum = std::inner_product(std::begin(terms), std::end(terms), kWeights, 0.0);
    return 1 / (1 + std::exp(-sum));
}

Enlargement enlargementOf(const vips::VImage& colour, double compressed) {
    const Search search(colour, compressed);
    Enlargement best;
    for (const Rhythm& rhythm : search.promising()) {
        const Enlargement found = search.look(rhythm);
        if (best.width == 0 || search.evidenceOf(found) > search.evidenceOf(best)) best = found;
    }
    return best;
}

}  // namespace acuity::diagnose
