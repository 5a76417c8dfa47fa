// How a picture is cut into tiles. All sizes in input (LR) pixels unless a name says output.
#pragma once

#include <algorithm>

namespace acuity::ops {

struct Rect {
    int left = 0, top = 0, width = 0, height = 0;
    int right() const { return left + width; }
    int bottom() const { return top + height; }
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

    int columns() const { return columns_; }
    int rows() const { return rows_; }
    int count() const { return columns_ * rows_; }
    int halo() const { return halo_; }
    int tileWidth() const { return tileWidth_; }
    int tileHeight() const { return tileHeight_; }
    /// Size of the network's input.
    int inputWidth() const { return tileWidth_ + 2 * halo_; }
    int inputHeight() const { return tileHeight_ + 2 * halo_; }

    /// The part of the picture that tile `index` (row by row) gives.
    Rect tile(int index) const {
        const int left = index % columns_ * tileWidth_, top = index / columns_ * tileHeight_;
        return {left, top, std::min(tileWidth_, width_ - left),
                std::min(tileHeight_, height_ - top)};
    }
    /// The part of the picture that tile `index` needs.
    Rect needed(int index) const {
        const Rect t = tile(index);
        const int left = std::max(0, t.left - halo_), top = std::max(0, t.top - halo_);
        return {left, top, std::min(width_, t.right() + halo_) - left,
                std::min(height_, t.bottom() + halo_) - top};
    }
    /// Pixels computed per pixel used, 1 or more.
    double waste() const {
        return double(count()) * inputWidth() * inputHeight() / (double(width_) * height_);
    }

  private:
    /// Sides are rounded up to this, so that pictures of like sizes share a compiled network.
    static constexpr int kStep = 8;

    void divide() {
        columns_ = (width_ + tileWidth_ - 1) / tileWidth_;
        rows_ = (height_ + tileHeight_ - 1) / tileHeight_;
    }

    int fit(int length, int side, int align) const {
        const int parts = std::max(1, (length + side - 1) / side);
        const int even = (length + parts - 1) / parts;
        int tile = (even + kStep - 1) / kStep * kStep;
        while ((tile + 2 * halo_) % align) tile++;
        return tile;
    }

    int width_, height_, halo_, tileWidth_, tileHeight_, columns_, rows_;
};

}  // namespace acuity::ops
