// How much the lines of a picture bend, place by place: what an interpolation or JPEG's blocks
// leave shows as a rhythm in it.
#pragma once

#include <vector>
#include <vips/vips8>

namespace acuity::diagnose {

/// Pixels of a line that are looked at, at most.
constexpr int kLongestLine = 2048;

/// Mean logarithm, over many lines, of how much they bend at each place, in levels of 255.
struct Profile {
    std::vector<double> line;  // without what changes slowly
    double activity = 0;       // mean of what was taken away
};

/// Along rows, or columns: of four strips of 96 lines, their middle where they are long.
/// `colour`: 1 or 3 bands, encoded (not linear), in random access, 96 pixels or more a side.
Profile profileOf(const vips::VImage& colour, bool alongRows);

/// Power at 0 to n/2 cycles per line, `finer` steps for a cycle, over the median of its
/// neighbours': exponential with mean 1 by chance.
std::vector<double> spectrum(const std::vector<double>& line, int finer = 1);

}  // namespace acuity::diagnose
