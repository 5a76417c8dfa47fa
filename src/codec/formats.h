// The table of formats: names, extensions, and what each can hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/picture.h"

namespace acuity::codec {

struct FormatFacts {
    Format format;
    const char* name;                    // as --format takes it: "jpg", "png", ...
    const char* extensions;              // space-separated, lower case, first is the default
    bool writable, alpha, deep, frames;  // deep: 16 bits a sample
    int maxSide;                         // pixels, 0 for no limit of its own
    bool streams;                        // encodes in bounded memory
};

const FormatFacts& facts(Format format);

/// What files of the format are usually named, without a dot: "jpg".
std::string extension(Format format);

/// By name or extension ("jpg", ".JPEG", "photo.jpeg"), or nothing when unknown.
std::optional<Format> formatOfName(std::string_view nameOrExtension);

/// Whether files of that name are written: not HEIC, and of PPM's family neither bitmaps nor
/// floats.
bool writableName(std::string_view name);

/// By the first bytes of a file. Nothing when it is no picture format that Acuity reads; SVG, PDF
/// and other known strangers are told apart by `refusal`.
std::optional<Format> formatOfBytes(std::string_view head);

/// The sentence for a known format that is refused (SVG, PDF, raw camera files, video), or "".
std::string refusal(std::string_view head);

}  // namespace acuity::codec
