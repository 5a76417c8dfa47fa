// RGB to brightness and colour, and back, for networks that know only brightness.
#pragma once

namespace acuity::architectures {

/// How a network that knows only brightness gets it out of RGB.
enum class Luma { studio, full };  // BT.601: 16-235 of 255 (MATLAB), or 0-255 (JPEG, OpenCV)

struct ColourMatrix {
    float rows[9];     // on three channels, 0-1, row by row
    float offsets[3];  // added afterwards
};

ColourMatrix toYcc(Luma range);    // RGB to Y, Cb, Cr
ColourMatrix fromYcc(Luma range);  // its inverse

}  // namespace acuity::architectures
