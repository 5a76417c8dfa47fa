// Between libvips' interleaved samples and the planar floats (0 to 1) that networks see.
#pragma once

#include <vips/vips.h>
#include <cstdint>
#include <vector>

#include "ops/tile_grid.h"

namespace acuity::ops {

/// How samples are stored: uchar (white is 255), ushort (65535) or float (1.0); 1 or 3 bands.
struct SampleType {
    VipsBandFormat format = VIPS_FORMAT_UCHAR;
    int bands = 3;
    int bytes() const { return int(vips_format_sizeof(format)) * bands; }
};

/// Fills planes [3][height][width] whose first pixel is picture place (left, top), from a prepared
/// region; outside the picture it is mirrored, the edge pixel repeated. One band fills three
/// planes.
void readPlanes(VipsRegion* region, SampleType type, int pictureWidth, int pictureHeight,
                const Rect& wanted, float* planes);

/// Rounds, clips (float samples only below 0) and interleaves a row of `width` pixels.
/// A one-band type takes the mean of the three.
void writeRow(const float* red, const float* green, const float* blue, int width, SampleType type,
              std::uint8_t* row);

/// Keys' cubic convolution kernel with a = -0.5 (1981), at a distance of `x` samples.
double keysCubic(double x);

/// Enlarges planes by a whole factor with Keys' cubic (a = -0.5), as networks with a bicubic skip
/// were trained with. Needs two source pixels around the part that is asked for.
class CubicSkip {
  public:
    explicit CubicSkip(int scale);
    /// Output row `y` (0 at the first source row's first sub-row) of one plane with `stride`, for
    /// source columns left to left + width: width * scale values, added to `out`.
    void addRow(const float* plane, int stride, int y, int left, int width, float* out);

  private:
    static constexpr int kTaps = 4;
    int scale_;
    std::vector<float> weights_;  // [phase][tap]
    std::vector<int> first_;      // offset of the first tap, -2 or -1
    std::vector<float> line_, phase_;
};

}  // namespace acuity::ops
