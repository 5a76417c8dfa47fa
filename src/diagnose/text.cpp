#include "diagnose/text.h"

#include <algorithm>
#include <memory>

namespace acuity::diagnose {
namespace {

using vips::VImage;

/// Pixels of the network's input: a picture as a whole, padded to a multiple of kMultiple, or
/// tiles.
constexpr int kMultiple = 64, kTiles[] = {384, 512, 640};
constexpr std::int64_t kWhole = 1 << 20;
constexpr int kBorder = 64, kNarrowBorder = 16;  // seen only; the narrow one has no picture in it
/// Regions of at least the first probability are lettering where their mean is at least the
/// second (models/diagnose/README.md). What looks like lettering in a hedge or a roof has a wide
/// rim of doubt, which lettering has not.
constexpr double kPossible = 0.18, kLikely = 0.6;
constexpr int kGrow = 2;  // cells around lettering that are treated like it
/// Smaller specks are no lettering that anybody would miss, in cells.
constexpr std::size_t kLeastCells = 6;

struct Tiling {
    int width, height, border;
    std::int64_t area() const { return std::int64_t(width) * height; }
};

/// All of a picture at once where it is not too large, else the tile that covers it with the fewest
/// pixels.
Tiling tilingFor(int width, int height, bool atOnce) {
    const auto padded = [](int length) {
        return (length + 2 * kNarrowBorder + kMultiple - 1) / kMultiple * kMultiple;
    };
    const Tiling whole{padded(width), padded(height), kNarrowBorder};
    if (atOnce && whole.area() <= kWhole) return whole;
    const auto pixels = [&](int tile) {
        const int inner = tile - 2 * kBorder;
        return std::int64_t((width + inner - 1) / inner) * ((height + inner - 1) / inner) * tile *
               tile;
    };
    const int best = *std::min_element(std::begin(kTiles), std::end(kTiles),
                                       [&](int a, int b) { return pixels(a) < pixels(b); });
    return {best, best, kBorder};
}

/// As planesOf, but the picture's edge is repeated beyond it: in mirror images of a small picture
/// what is woven or knitted repeats itself, and is taken for lettering.
std::vector<float> edgedPlanesOf(const VImage& colour, const ops::Rect& wanted) {
    const int left = std::max(0, wanted.left), right = std::min(colour.width(), wanted.right());
    const int top = std::max(0, wanted.top), bottom = std::min(colour.height(), wanted.bottom());
    const ops::Rect seen{left, top, right - left, bottom - top};
    const std::vector<float> from = planesOf(colour, seen);
    std::vector<float> planes;
    planes.reserve(3 * std::size_t(wanted.width) * std::size_t(wanted.height));
    for (int c = 0; c < 3; c++)
        for (int y = wanted.top; y < wanted.bottom(); y++) {
            const int row = c * seen.height + std::clamp(y, top, bottom - 1) - top;
            for (int x = wanted.left; x < wanted.right(); x++)
                planes.push_back(from[std::size_t(row) * std::size_t(seen.width) +
                                      std::size_t(std::clamp(x, left, right - 1) - left)]);
        }
    return planes;
}

/// Probabilities times 255, a pixel for each cell of kTextCell.
VImage probabilities(const VImage& colour, Network& network, bool atOnce) {
    const int width = (colour.width() + kTextCell - 1) / kTextCell;
    const int height = (colour.height() + kTextCell - 1) / kTextCell;
    std::vector<std::uint8_t> cells(std::size_t(width) * height);
    const Tiling tile = tilingFor(colour.width(), colour.height(), atOnce);
    const int border = tile.border / kTextCell;
    const int down = tile.height / kTextCell - 2 * border;
    const int across = tile.width / kTextCell - 2 * border;
    for (int top = 0; top < height; top += down)
        for (int left = 0; left < width; left += across) {
            const auto answer = network.run(
                edgedPlanesOf(colour, {left * kTextCell - tile.border,
                                       top * kTextCell - tile.border, tile.width, tile.height}),
                tile.height, tile.width);
            const int stride = answer.size.width;
            for (int y = 0; y < std::min(down, height - top); y++)
                for (int x = 0; x < std::min(across, width - left); x++)
                    cells[std::size_t(top + y) * width + left + x] = static_cast<std::uint8_t>(
                        255 * answer.values[std::size_t(y + border) * stride + x + border]);
        }
    return VImage(vips_image_new_from_memory_copy(cells.data(), cells.size(), width, height, 1,
                                                  VIPS_FORMAT_UCHAR));
}

/// 255 where lettering is, in connected regions.
VImage marked(const VImage& sure) {
    const int width = sure.width(), height = sure.height();
    std::size_t size = 0;
    const std::unique_ptr<void, void (*)(void*)> memory(sure.write_to_memory(&size), g_free);
    const auto* probability = static_cast<const std::uint8_t*>(memory.get());
    std::vector<std::uint8_t> marks(size);
    std::vector<bool> seen(size);
    std::vector<std::size_t> region;
    for (std::size_t start = 0; start < size; start++) {
        if (seen[start] || probability[start] < 255 * kPossible) continue;
        region.assign(1, start);
        seen[start] = true;
        double sum = 0;
        for (std::size_t i = 0; i < region.size(); i++) {
            sum += probability[region[i]];
            const int x = int(region[i] % std::size_t(width)),
                      y = int(region[i] / std::size_t(width));
            for (const auto& [dx, dy] : {std::pair(1, 0), {-1, 0}, {0, 1}, {0, -1}}) {
                if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
                const auto next = std::size_t(y + dy) * std::size_t(width) + std::size_t(x + dx);
                if (seen[next] || probability[next] < 255 * kPossible) continue;
                seen[next] = true;
                region.push_back(next);
            }
        }
        if (region.size() >= kLeastCells && sum >= 255 * kLikely * double(region.size()))
            for (const std::size_t at : region) marks[at] = 255;
    }
    return VImage(vips_image_new_from_memory_copy(marks.data(), marks.size(), width, height, 1,
                                                  VIPS_FORMAT_UCHAR));
}

}  // namespace

void prepareText(int width, int height, Network& network, bool atOnce) {
    const Tiling tile = tilingFor(width, height, atOnce);
    network.prepare(tile.height, tile.width);
}

Text textIn(const VImage& colour, Network& network, bool atOnce) {
    Text text;
    const VImage letters = marked(probabilities(colour, network, atOnce));
    if (letters.max() == 0) return text;
    constexpr int kSide = 2 * kGrow + 1;
    const int width = letters.width(), height = letters.height();
    // Embedded first: libvips has no window larger than the picture.
    const VImage grown = letters.embed(kGrow, kGrow, width + 2 * kGrow, height + 2 * kGrow)
                             .rank(kSide, kSide, kSide * kSide - 1)
                             .crop(kGrow, kGrow, width, height);
    text.mask = grown.gaussblur(1.0).cast(VIPS_FORMAT_UCHAR).copy_memory();
    text.share = letters.avg() / 255;
    return text;
}

}  // namespace acuity::diagnose
