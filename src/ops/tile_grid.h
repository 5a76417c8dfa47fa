// How a picture is cut into tiles. All sizes in input (LR) pixels unless a name says output.
#pragma once

#include <algorithm>

namespace acuity::ops {

struct Rect {
    int left = 0, top = 0, width = 0, height = 0;
    int right() const { return left + width; }
    int bottom() const { return top + height; }
    bool operator==(const Rect&) const = default;
};

/// Tiles of one size, as equal as the alignment allows, so that the last column and row are filled.
class TileGrid {
  public:
    /// Covers width x height with tiles of at most about `side` pixels. Tile plus twice `halo` is a
    /// multiple of `align`. `square` tiles have equal sides (for transposing).
    TileGrid(int width, int height, int side, int halo, int align, bool square = false)
        : width_(width), height_(height), halo_(halo) {
        tileWidth_ = fit(width, side, align);
        tileHeight_ = fit(height, side, align);
        if (square) tileWidth_ = tileHeight_ = std::max(tileWidth_, tileHeight_);
        divide();
    }
    /// With tiles of just this size, for networks that take no other.
    static TileGrid fixed(int width, int height, int tileWidth, int tileHeight, int halo) {
        TileGrid grid(width, height, tileWidth, halo, 1);
        grid.tileWidth_ = tileWidth;
        grid.tileHeight_ = tileHeight;
        grid.divide();
        return grid;
    }

    /// For a part of the picture alone: tiles that begin where it does, of a size that computes it
    /// soonest when `streams` are computed at a time. Others lie around them.
    static TileGrid over(const Rect& part, int width, int height, int side, int halo, int align,
                         int streams, bool square = false) {
        TileGrid grid(width, height, side, halo, align);
        const int left = part.left / align * align, top = part.top / align * align;
        const int wide = part.right() - left, high = part.bottom() - top;
        double best = 0;
        for (int columns = (wide + side - 1) / side; columns <= (wide + side - 1) / side + 1;
             columns++)
            for (int rows = (high + side - 1) / side; rows <= (high + side - 1) / side + streams;
                 rows++) {
                int w = grid.fit(wide, (wide + columns - 1) / columns, align, kPartStep);
                int h = grid.fit(high, (high + rows - 1) / rows, align, kPartStep);
                if (square) w = h = std::max(w, h);
                const double turns = (columns * rows + streams - 1) / streams;
                const double cost = turns * (w + 2 * halo) * (h + 2 * halo);
                if (best > 0 && cost >= best) continue;
                best = cost;
                grid.tileWidth_ = w;
                grid.tileHeight_ = h;
            }
        grid.left_ = -((grid.tileWidth_ - left % grid.tileWidth_) % grid.tileWidth_);
        grid.top_ = -((grid.tileHeight_ - top % grid.tileHeight_) % grid.tileHeight_);
        grid.divide();
        return grid;
    }

    int columns() const { return columns_; }
    int rows() const { return rows_; }
    int count() const { return columns_ * rows_; }
    int halo() const { return halo_; }
    int tileWidth() const { return tileWidth_; }
    int tileHeight() const { return tileHeight_; }
    /// Size of the network's input.
    int inputWidth() const { return tileWidth_ + 2 * halo_; }
    int inputHeight() const { return tileHeight_ + 2 * halo_; }

    /// Where in the grid a pixel of the picture is.
    int column(int x) const { return (x - left_) / tileWidth_; }
    int row(int y) const { return (y - top_) / tileHeight_; }
    /// The part of the picture that tile `index` (row by row) gives.
    Rect tile(int index) const {
        const int x = left_ + index % columns_ * tileWidth_;
        const int y = top_ + index / columns_ * tileHeight_;
        const int left = std::max(0, x), top = std::max(0, y);
        return {left, top, std::min(x + tileWidth_, width_) - left,
                std::min(y + tileHeight_, height_) - top};
    }
    /// What the network is given for tile `index`; may reach beyond the picture.
    Rect input(int index) const {
        const Rect t = tile(index);
        return {t.left - halo_, t.top - halo_, inputWidth(), inputHeight()};
    }
    /// The part of the picture that is in it.
    Rect needed(int index) const {
        const Rect t = input(index);
        const int left = std::max(0, t.left), top = std::max(0, t.top);
        return {left, top, std::min(width_, t.right()) - left, std::min(height_, t.bottom()) - top};
    }
    /// Pixels computed per pixel used, 1 or more.
    double waste() const {
        return double(count()) * inputWidth() * inputHeight() / (double(width_) * height_);
    }

  private:
    /// Sides are rounded up to this, so that pictures of like sizes share a compiled network.
    static constexpr int kStep = 8, kPartStep = 16;

    void divide() {
        columns_ = column(width_ - 1) + 1;
        rows_ = row(height_ - 1) + 1;
    }

    int fit(int length, int side, int align, int step = kStep) const {
        const int parts = std::max(1, (length + side - 1) / side);
        const int even = (length + parts - 1) / parts;
        int tile = (even + step - 1) / step * step;
        while ((tile + 2 * halo_) % align) tile++;
        return tile;
    }

    int width_, height_, halo_, tileWidth_, tileHeight_, columns_, rows_;
    int left_ = 0, top_ = 0;  // of the first tile, not above 0
};

}  // namespace acuity::ops
