#include "ops/sheet.h"

#include <algorithm>
#include <cmath>

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
    int across = 0, down = kGap, columns = 0;
    for (const auto& row : rows) {
        int high = 0;
        cells.emplace_back();
        for (const Cell& cell : row) {
            cells.back().push_back(cell.picture.get_image() ? labelled(cell, width) : VImage());
            const VImage& made = cells.back().back();
            if (!made.get_image()) continue;
            across = std::max(across, made.width());
            high = std::max(high, made.height());
        }
        columns = std::max(columns, int(row.size()));
        down += high + kGap;
    }
    VImage all = white(columns * (across + kGap) + kGap, down);
    int top = kGap;
    for (const auto& row : cells) {
        int high = 0, left = kGap;
        for (const VImage& cell : row) {
            if (cell.get_image()) {
                all = all.insert(cell, left, top);
                high = std::max(high, cell.height());
            }
            left += across + kGap;
        }
        top += high + kGap;
    }
    return all.copy_memory();
}

}  // namespace acuity::ops
