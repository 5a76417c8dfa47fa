#include "ops/sheet.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/resample.h"

namespace acuity::ops {

using vips::VImage;

namespace {

constexpr int kGap = 8, kLabelHeight = 22;

VImage white(int width, int height) {
    return VImage::black(width, height, VImage::option()->set("bands", 3))
        .invert()
        .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

std::string escaped(const std::string& label) {
    std::string out;  // libvips reads Pango's markup
    for (const char c : label) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else
            out += c;
    }
    return out;
}

VImage labelled(const Cell& cell, int width) {
    VImage picture = cell.picture.bands() == 1
                         ? VImage::bandjoin(std::vector<VImage>(3, cell.picture))
                         : cell.picture;
    if (picture.width() > width) {
        const double height = double(picture.height()) * width / picture.width();
        picture = resample(picture, width, std::max(1, int(std::lround(height))), Kernel::lanczos);
    }
    VImage line = white(picture.width(), kLabelHeight);
    if (!cell.label.empty()) {
        const VImage ink = VImage::text(escaped(cell.label).c_str(),
                                        VImage::option()->set("font", "sans 11")->set("dpi", 72));
        const int wide = std::min(ink.width(), line.width());
        const VImage words = VImage::bandjoin(std::vector<VImage>(3, ink)).invert();
        line = line.insert(words.crop(0, 0, wide, std::min(ink.height(), kLabelHeight)), 0,
                           std::max(0, (kLabelHeight - ink.height()) / 2));
    }
    return line.join(
        picture.copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB)),
        VIPS_DIRECTION_VERTICAL);
}

}  // namespace

VImage sheet(const std::vector<std::vector<Cell>>& rows, int width) {
    std::vector<std::vector<VImage>> cells;
    std::vector<int> wide, high;  // of columns and rows
    for (const auto& row : rows) {
        cells.emplace_back();
        high.push_back(0);
        for (std::size_t column = 0; column < row.size(); column++) {
            cells.back().push_back(labelled(row[column], width));
            const VImage& made = cells.back().back();
            if (column == wide.size()) wide.push_back(0);
            wide[column] = std::max(wide[column], made.width());
            high.back() = std::max(high.back(), made.height());
        }
    }
    const auto whole = [](const std::vector<int>& sizes) {
        return std::accumulate(sizes.begin(), sizes.end(), kGap * (int(sizes.size()) + 1));
    };
    VImage all = white(whole(wide), whole(high));
    int top = kGap;
    for (std::size_t row = 0; row < cells.size(); row++) {
        int left = kGap;
        for (std::size_t column = 0; column < cells[row].size(); column++) {
            all = all.insert(cells[row][column], left, top);
            left += wide[column] + kGap;
        }
        top += high[row] + kGap;
    }
    return all.copy_memory();
}

}  // namespace acuity::ops
