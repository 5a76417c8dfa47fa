// Estimates of what decoders hold that cannot work line by line.
#include "base/error.h"
#include "codec/loaders.h"

namespace acuity::codec {
namespace {

// Walks the segments of a JPEG as far as the head reaches further reads follow the file itself.
bool progressiveJpeg(const Source& source) {
    FILE* file = fopen(source.path.c_str(), "rb");
    if (!file) return false;
    bool found = false;
    long at = 2;
    for (int segments = 0; segments < 10000; ++segments) {
        unsigned char mark[4];
        if (fseek(file, at, SEEK_SET) != 0 || fread(mark, 1, 4, file) != 4 || mark[0] != 0xff)
            break;
        if (mark[1] == 0xff) {  // fill bytes
            ++at;
            continue;
        }
        if (mark[1] == 0xc2 || mark[1] == 0xca || mark[1] == 0xc6) found = true;
        if (mark[1] == 0xda || (mark[1] >= 0xc0 && mark[1] <= 0xcf && mark[1] != 0xc4)) break;
        at += 2 + (mark[2] << 8 | mark[3]);
    }
    fclose(file);
    return found;
}

bool interlacedPng(const Source& source) {
    return source.head.size() > 28 && source.head[28] == 1;
}

double sampleBytes(const vips::VImage& image) {
    return static_cast<double>(vips_format_sizeof_unsafe(image.format()));
}

}  // namespace

void checkDecoderMemory(const Source& source, Format format, const vips::VImage& image, int frames,
                        const LoadOptions& options) {
    const double pixels = static_cast<double>(image.width()) * image.height();
    const double framePixels = pixels / frames;
    const double samples = image.bands();
    double bytes = 0;
    std::string kind;
    switch (format) {
        case Format::jpeg:
            if (!progressiveJpeg(source)) return;
            kind = "a progressive JPEG";
            bytes = pixels * samples * 2;  // all coefficients, 16 bits each
            break;
        case Format::png:
            if (!interlacedPng(source)) return;
            kind = "an interlaced PNG";
            bytes = pixels * samples * sampleBytes(image);
            break;
        case Format::webp:
            kind = "WebP";
            bytes = framePixels * (frames > 1 ? 12 : 6);  // planes, canvas, previous canvas
            break;
        case Format::gif:
            kind = "GIF";
            bytes = framePixels * 8;
            break;
        case Format::avif:
        case Format::heic:
            kind = format == Format::avif ? "AVIF" : "HEIC";
            bytes = framePixels * sampleBytes(image) * (samples + 3);
            break;
        case Format::jxl:
            kind = "JPEG XL";
            bytes = pixels * samples * (sampleBytes(image) + 4);  // float planes and the result
            break;
        case Format::exr:
        default:
            return;
    }
    checkWhole(source, kind, bytes, options);
}

void checkWhole(const Source& source, const std::string& kind, double bytes,
                const LoadOptions& options) {
    if (bytes <= static_cast<double>(options.memory)) return;
    const auto megabytes = [](double b) {
        return std::to_string(static_cast<long>(b / 1048576) + 1);
    };
    throw Error(Kind::input, source.shown + " is " + kind +
                                 ", which decodes as a whole and needs about " + megabytes(bytes) +
                                 " MB; allow it with --memory " + megabytes(bytes / options.share) +
                                 "M, or convert it to TIFF");
}

}  // namespace acuity::codec
