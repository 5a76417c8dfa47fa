// What was done to a picture, written into it as XMP, so that nobody enlarges twice without
// knowing.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace acuity::codec {

struct Provenance {
    double factor = 1;  // of all enlargements by Acuity together; 0: it was only made smaller
    int width = 0, height = 0;       // of the result; 0 where it does not say
    std::string reduction;           // the kernel that leads back to the input, or ""
    std::vector<std::string> steps;  // one sentence for each run, the oldest first
};

/// What an earlier run of Acuity wrote into this packet.
std::optional<Provenance> provenanceOf(const std::string& xmp);

/// The packet with this instead of what it said before, the IPTC's digital source type
/// "algorithmically enhanced" (a stronger one stays) and the time of the change. `software` is name
/// and version.
std::string withProvenance(std::string xmp, const Provenance& provenance,
                           const std::string& software);

/// Now, as XMP writes it; the time in $SOURCE_DATE_EPOCH (seconds since 1970) where it is set, so
/// that outputs can be reproduced bit for bit.
std::string timestamp();

}  // namespace acuity::codec
