// A picture between file and pipeline: upright pixels, and everything that must travel with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <vips/vips8>

namespace acuity::codec {

enum class Format { jpeg, png, webp, tiff, avif, heic, jxl, gif, bmp, ppm, exr, dz };

/// Blobs as they stand in files, without container headers ("Exif\0\0" removed, IPTC without 8BIM).
struct Metadata {
    std::string icc, exif, xmp, iptc;
    double dpiX = 0, dpiY = 0;  // pixels per inch; 0 when the file does not say
};

/// Frames are upright, all of one size, uchar (0-255), ushort (0-65535) or float (1.0 is white).
/// Bands: 1 grey, 2 grey+alpha, 3 RGB, 4 RGB+alpha; alpha is never premultiplied and has the range
/// of the colour bands. Values are in the picture's own encoded space (its ICC profile's, else
/// sRGB), except `linear` float pictures, which hold scene- or display-linear light.
struct Picture {
    std::vector<vips::VImage> frames;
    Format format = Format::png;
    bool animated = false;    // frames are shown in time (GIF, WebP); otherwise pages (TIFF)
    std::vector<int> delays;  // milliseconds a frame, when animated
    int loop = 0;             // repetitions, 0 for ever
    bool linear = false;
    bool inParts = false;  // not decoded, but any part of it can be read
    int jpegQuality = 0;   // of the file it came from, as its table says; 0: no JPEG, or not said
    Metadata metadata;
    std::vector<std::string> notes;  // sentences for the person, about what was changed or lost

    int width() const { return frames.front().width(); }
    int height() const { return frames.front().height(); }
    bool alpha() const { return frames.front().bands() % 2 == 0; }
    bool grey() const { return frames.front().bands() < 3; }
    /// Bits a sample: 8, 16, or 32 for float.
    int depth() const {
        const auto f = frames.front().format();
        return f == VIPS_FORMAT_UCHAR ? 8 : f == VIPS_FORMAT_USHORT ? 16 : 32;
    }
};

}  // namespace acuity::codec
