// Pictures side by side, each under its label, to be looked at.
#pragma once

#include <string>
#include <vector>
#include <vips/vips8>

namespace acuity::ops {

struct Cell {
    vips::VImage picture;  // uchar, 1 or 3 bands
    std::string label;
};

/// Rows and columns of cells on white; pictures wider than `width` are shrunk to it. RGB, uchar, in
/// memory.
vips::VImage sheet(const std::vector<std::vector<Cell>>& rows, int width);

}  // namespace acuity::ops
