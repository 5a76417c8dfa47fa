// Other people's ONNX files, brought into the one form that Acuity runs.
//
// A file's own layers stay as they are. Layers before and after them translate: value types, order
// of axes, range of values, channels. Only operators that have not changed since opset 7 are added,
// so that they fit a file of any later one.
//
// What a file does not say comes from --model-option:
//   range=255           values run from 0 to 255 instead of 0 to 1
//   mean=0.5 std=0.5    the network sees (range * x - mean) / std; one number, or one a channel
//   outrange, outmean, outstd    the same of what it gives, where that differs
//   bgr=1               blue comes first
//   luma=full|studio    what a network of one channel takes for brightness (BT.601, full: JPEG's)
//   scale=3             the factor of a network of one channel whose layers do not show it
//   output=NAME         which of several outputs is the picture
//   NAME=VALUE          a constant for a further small input: a number, or several with commas
#pragma once

#include <string>
#include <string_view>

#include "architectures/network.h"

namespace acuity::architectures {

/// Whether the bytes begin as an ONNX file does, damaged or not.
bool isOnnx(std::string_view bytes);

/// One input [1, 3, h, w] and one output [1, 3, scale * h, scale * w], float RGB 0-1. `folder` is
/// where weights outside of the file lie; `fileName` may tell the scale ("x4"). The size is always
/// declared to be free; fixedHeight and fixedWidth are the size that the file declared, if it did:
/// whether that is the only one shows when an engine tries another. Scale is 0 where the layers do
/// not show it, and reach is always 0: model/onnx_facts.h measures both.
/// Throws Error(model) on damage and on what is no upscaler, Error(usage) on odd options.
Network normalise(std::string_view bytes, const std::string& folder, const Options& options,
                  const std::string& fileName);

}  // namespace acuity::architectures
