// How far a result goes beyond what its input says.
#pragma once

#include "codec/picture.h"
#include "pipeline/enlarge.h"

namespace acuity::pipeline {

struct Trust {
    vips::VImage map;  // colour, 8 bits, of the result's size; see legend()
    double mean = 0;   // levels of 255, of the whole picture
};

/// A pixel's value: its distance to what the faithful models make of the same input, plus what the
/// result, shrunk again, differs from the (cleaned) input there; both as means over the colours, in
/// levels. Of the first frame. `result` must be in random access.
Trust trustOf(const codec::Picture& picture, const codec::Picture& result, const Work& work,
              Session& session, std::uint64_t memory);

/// Where the map's scale stands: NAME-legend.EXT.
std::string legendBeside(const std::string& path);

/// As the map's name ends. Throws Error(output) where that is no format to write.
codec::Format trustMapFormat(const std::string& path);

/// Writes the map to `path`, and its scale beside it. Throws Error(output).
void saveTrust(const Trust& trust, const std::string& path, const Session& session);

}  // namespace acuity::pipeline
