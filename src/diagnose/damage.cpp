#include "diagnose/damage.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "diagnose/pieces.h"
#include "ops/undo.h"

namespace acuity::diagnose {
namespace {

constexpr int kSide = 192, kLeastSide = 96, kMultiple = 32, kPieces = 12, kGrid = 8;
/// Less noise than this, in levels of 255, nobody would take away.
constexpr double kNoticed = 1;
// The network's outputs (training/damage_net.py), each a value and a logarithm of its deviation.
enum Output {
    resolution,
    luma,
    chroma,
    quality,
    motionCos,
    motionSin,
    compressed,
    enlarged,
    kOutputs
};

/// Jumps of the slope across columns (or rows) by their place in a grid of 8.
using Jumps = std::array<double, kGrid>;

/// A grid's edge is the place whose jumps stand out; none stands out where JPEG left no mark.
int gridFrom(const Jumps& jumps) {
    constexpr double kStandsOut = 1.03;
    const auto most = std::max_element(jumps.begin(), jumps.end());
    double others = 0;
    for (const double jump : jumps) others += jump;
    others = (others - *most) / (kGrid - 1);
    return *most > kStandsOut * others ? int(most - jumps.begin()) : 0;
}

void addJumps(const Piece& piece, Jumps& across, Jumps& down) {
    const int width = piece.place.width, height = piece.place.height;
    const float* green = piece.planes.data() + std::size_t(width) * height;
    const auto jump = [](const float* at, std::ptrdiff_t step) {
        return double(std::abs(-at[-2 * step] + 3 * at[-step] - 3 * at[0] + at[step]));
    };
    for (int y = 2; y + 1 < height; y++)
        for (int x = 2; x + 1 < width; x++) {
            const float* at = green + std::size_t(y) * width + x;
            across[std::size_t(piece.place.left + x) % kGrid] += jump(at, 1);
            down[std::size_t(piece.place.top + y) % kGrid] += jump(at, width);
        }
}

/// Answers of all pieces: the surer a piece, the more it counts.
struct Sum {
    double weight = 0, value = 0, plain = 0;
    int count = 0;

    void add(double answer, double logDeviation) {
        const double share = std::exp(-2 * std::clamp(logDeviation, -4.0, 3.0));
        weight += share;
        value += share * answer;
        plain += answer;
        count++;
    }
    double mean() const { return value / weight; }
    /// Pieces of one picture err alike: all of them are as sure as one.
    double deviation() const { return std::sqrt(count / weight); }
    double likelihood() const { return 1 / (1 + std::exp(-plain / count)); }
};

/// The logarithm (base 2) of value + offset, back.
Estimate fromLog(const Sum& sum, double offset, double most) {
    const double power = std::exp2(sum.mean());
    return {std::clamp(power - offset, 0.0, most), std::log(2) * power * sum.deviation()};
}

/// The answers are the logarithm (base 2) of the length + 1, at twice the angle downwards, but
/// nearer to none the less sure they are: how much nearer was fitted to 80 training pictures.
Motion motionOf(const Sum& cosine, const Sum& sine) {
    constexpr double kSeen = 2, kOffset = 2.06, kSlope = 0.455, kDeviation = 3;
    const double answer = std::hypot(cosine.mean(), sine.mean());
    if (answer < kSeen) return {};
    const double angle = -std::atan2(sine.mean(), cosine.mean()) / 2 * 180 / M_PI;
    return {{std::exp2(kOffset + kSlope * answer) - 1, kDeviation},
            angle < 0 ? angle + 180 : angle};
}

/// Side of the squares in which pictures of this size are looked at; 0: too small to tell.
int lookedSide(int width, int height) {
    const int shorter = std::min(width, height);
    return shorter < kLeastSide ? 0 : std::min(kSide, shorter / kMultiple * kMultiple);
}

Damage looked(const vips::VImage& colour, Network& network, bool forFormer) {
    Damage found;
    const int side = lookedSide(colour.width(), colour.height());
    if (side == 0) return found;
    Jumps across{}, down{};
    for (const Piece& piece : pieces(colour, side, kPieces)) addJumps(piece, across, down);
    found.gridLeft = gridFrom(across);
    found.gridTop = gridFrom(down);
    std::array<Sum, kOutputs> sums;
    const auto seen = pieces(colour, side, kPieces, kGrid, found.gridLeft, found.gridTop);
    for (const Piece& piece : seen) {
        if (piece.detail == 0) continue;  // of one colour, it shows nothing
        const auto answer = network.run(piece.planes, side, side);
        if (answer.values.size() != 2 * kOutputs)
            throw Error(Kind::model,
                        "the network that measures damage is of another version; "
                        "install Acuity anew");
        for (std::size_t i = 0; i < kOutputs; i++)
            sums[i].add(double(answer.values[2 * i]), double(answer.values[2 * i + 1]));
    }
    if (sums[resolution].count == 0) return found;
    found.known = true;
    found.resolution = fromLog(sums[resolution], 0, 1);
    found.lumaNoise = fromLog(sums[luma], 0.5, 255);
    found.chromaNoise = fromLog(sums[chroma], 0.5, 255);
    if (found.lumaNoise.value >= kNoticed) found.shrinkings = shrinkingsOf(seen);
    found.jpegQuality = {std::clamp(20 * sums[quality].mean(), 1.0, 100.0),
                         20 * sums[quality].deviation()};
    found.motion = motionOf(sums[motionCos], sums[motionSin]);
    found.compressed = sums[compressed].likelihood();
    found.enlargedBySpectra = sums[enlarged].likelihood();
    if (forFormer) {
        found.former = enlargementOf(colour, found.compressed);
        found.enlarged = found.former.likelihood(found.enlargedBySpectra, found.compressed);
    }
    found.edges = edgesOf(seen);
    if (found.edges.even) {
        found.lumaNoise.value = found.chromaNoise.value = found.compressed = 0;
        found.shrinkings.clear();
        found.motion = {};
        constexpr int kSharp = 2;  // what is drawn with smooth edges rises within two pixels
        if (found.edges.rise > 0 && found.edges.rise <= kSharp) {
            found.resolution = {1, 0.02};
            found.enlarged = 0;
        }
    }
    return found;
}

}  // namespace

Estimate Damage::blur() const {
    // exp(-2 (pi sigma f)^2) falls to a tenth at f = resolution / 2 cycles per pixel.
    constexpr double kSharp = 0.97;
    if (resolution.value <= 0 || resolution.value > kSharp) return {};
    const double sigma = std::sqrt(std::log(10) / 2) / (M_PI * resolution.value / 2);
    return {sigma, sigma * resolution.deviation / resolution.value};
}

void prepareDamage(int width, int height, Network& network) {
    if (const int side = lookedSide(width, height)) network.prepare(side, side);
}

Damage damageOf(const vips::VImage& colour, Network& network) {
    return looked(colour, network, true);
}

Damage damageBefore(const vips::VImage& colour, const Damage& damage, Network& network) {
    const Enlargement& former = damage.former;
    return looked(ops::undone(colour, former.width, former.height, former.kernel), network, false);
}

}  // namespace acuity::diagnose
