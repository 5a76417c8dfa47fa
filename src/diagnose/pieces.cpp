#include "diagnose/pieces.h"

#include <algorithm>
#include <cmath>

#include "diagnose/network.h"

namespace acuity::diagnose {
namespace {

/// Green carries most of the light.
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

/// Places from 0 to length - side, evenly spread, at most `most`, hardly overlapping, each moved
/// back to the grid.
std::vector<int> places(int length, int side, int most, int grid, int offset) {
    const int count = std::clamp((length + side / 2) / side, 1, most);
    std::vector<int> found;
    for (int i = 0; i < count; i++) {
        const int at =
            count == 1 ? (length - side) / 2 : int(std::int64_t(length - side) * i / (count - 1));
        const int moved = at - ((at - offset) % grid + grid) % grid;
        found.push_back(moved < 0 ? std::min(moved + grid, length - side) : moved);
    }
    return found;
}

}  // namespace

Piece pieceOf(const vips::VImage& colour, const ops::Rect& place) {
    Piece piece{place, 0, planesOf(colour, place)};
    piece.detail = detailOf(piece.planes, place.width, place.height);
    return piece;
}

std::vector<float> lumaOf(const Piece& piece) {
    const std::size_t count = std::size_t(piece.place.width) * std::size_t(piece.place.height);
    std::vector<float> luma(count);
    for (std::size_t i = 0; i < count; i++)
        luma[i] = 255 * (0.299f * piece.planes[i] + 0.587f * piece.planes[count + i] +
                         0.114f * piece.planes[2 * count + i]);
    return luma;
}

std::vector<Piece> pieces(const vips::VImage& colour, int side, int most, int grid, int left,
                          int top) {
    const int width = std::min(side, colour.width()), height = std::min(side, colour.height());
    const double shape = double(colour.width()) / colour.height();
    const int across = std::max(1, int(std::lround(std::sqrt(most * shape))));
    std::vector<Piece> found;
    for (const int y : places(colour.height(), height, std::max(1, most / across), grid, top))
        for (const int x : places(colour.width(), width, across, grid, left))
            found.push_back(pieceOf(colour, {x, y, width, height}));
    return found;
}

}  // namespace acuity::diagnose
