// One encoder call for each format.
#pragma once

#include "codec/picture.h"
#include "codec/save.h"
#include "codec/sink.h"

namespace acuity::codec {

/// Evaluates `image` (from `prepared`, with what the encoder itself shall write attached) and
/// writes it. Throws vips::VError.
void encode(const vips::VImage& image, const Picture& picture, Format format,
            const SaveOptions& options, vips::VTarget& target);

/// The quality that is used: the person's, or the format's default.
int qualityFor(Format format, const SaveOptions& options);

}  // namespace acuity::codec
