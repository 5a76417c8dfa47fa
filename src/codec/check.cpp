// What a format cannot hold, said before the first pixel is computed.
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "codec/containers.h"
#include "codec/deepzoom.h"
#include "codec/exif.h"
#include "codec/formats.h"
#include "codec/metadata_write.h"
#include "codec/prepare.h"
#include "codec/save.h"
#include "codec/source.h"

namespace acuity::codec {
namespace {

const char* spoken(Format format) {
    switch (format) {
        case Format::jpeg:
            return "JPEG";
        case Format::png:
            return "PNG";
        case Format::webp:
            return "WebP";
        case Format::tiff:
            return "TIFF";
        case Format::avif:
            return "AVIF";
        case Format::heic:
            return "HEIC";
        case Format::jxl:
            return "JPEG XL";
        case Format::gif:
            return "GIF";
        case Format::bmp:
            return "BMP";
        case Format::ppm:
            return "PPM";
        case Format::exr:
            return "EXR";
        case Format::dz:
            return "Deep Zoom";
    }
    return "this format";
}

double megabytes(double bytes) {
    return bytes / 1048576;
}

std::string rounded(double value) {
    return std::to_string(static_cast<long long>(value + 0.999));
}

void checkSides(const Picture& picture, Format format) {
    const int most = facts(format).maxSide;
    if (most == 0 || (picture.width() <= most && picture.height() <= most)) return;
    throw Error(Kind::output,
                std::string(spoken(format)) + " holds at most " + std::to_string(most) +
                    " pixels a side, and the result has " + std::to_string(picture.width()) +
                    " x " + std::to_string(picture.height()) + "; choose --format tiff, png or dz");
}

double rawBytes(const Picture& picture, Format format, const SaveOptions& options) {
    const double frames = facts(format).frames ? static_cast<double>(picture.frames.size()) : 1;
    return static_cast<double>(picture.width()) * picture.height() * picture.frames[0].bands() *
           (depthFor(picture, format, options) / 8) * frames;
}

// Encoders that hold the whole picture, with their working copies.
void checkMemory(const Picture& picture, Format format, const SaveOptions& options) {
    const double pixels = static_cast<double>(picture.width()) * picture.height();
    const double raw = rawBytes(picture, format, options);
    const auto frames = static_cast<double>(picture.frames.size());
    double bytes = 0;
    if (format == Format::webp) bytes = pixels * (frames > 1 ? 14 : 10);
    if (format == Format::gif) bytes = pixels * 12;
    if (format == Format::avif) bytes = raw * 3 + pixels * 12;
    if (format == Format::jxl) bytes = raw + pixels * 40;
    if (bytes <= static_cast<double>(options.memory)) return;
    throw Error(Kind::output, std::string(spoken(format)) +
                                  " is encoded as a whole, which needs about " +
                                  rounded(megabytes(bytes)) +
                                  " MB; choose --format tiff, or allow it "
                                  "with --memory " +
                                  rounded(megabytes(bytes / options.share)) + "M");
}

// The least share of the raw pixels that files of photographs are known to need.
double leastShare(Format format) {
    switch (format) {
        case Format::tiff:
        case Format::png:
            return 0.1;
        case Format::ppm:
            return 1;
        default:
            return 0.005;
    }
}

void checkSpace(const Picture& picture, Format format, const std::string& path,
                const SaveOptions& options) {
    const std::string folder =
        path == "-" ? temporaryFolder() : std::filesystem::path(path).parent_path().string();
    const double room = static_cast<double>(freeSpace(folder));
    const double least = rawBytes(picture, format, options) * leastShare(format);
    if (least <= room) return;
    throw Error(Kind::output,
                "the result needs at least " + rounded(megabytes(least)) + " MB, and " +
                    inQuotes(folder.empty() ? std::string(".") : folder) + " has " +
                    rounded(megabytes(room)) + " MB left; choose another place with -o");
}

void tellDepth(const Picture& picture, Format format, const SaveOptions& options,
               std::vector<std::string>& out) {
    const int depth = depthFor(picture, format, options);
    const std::string name = spoken(format);
    if (picture.depth() == 32 && depth != 32)
        out.push_back("floating point light was encoded as sRGB with " + std::to_string(depth) +
                      " bits for " + name + "; TIFF keeps it");
    else if (picture.depth() == 16 && depth == 8 && options.depth != 8)
        out.push_back(name + " holds 8 bits a sample: the lower 8 of 16 bits were given up");
    if (depth == 16 && format == Format::avif)
        out.push_back("AVIF holds 12 bits a sample: the lower 4 of 16 bits were given up");
    if (options.lossless && format == Format::avif)
        out.push_back(
            "AVIF's lossless mode stays within one level of 255, since it stores luma and "
            "chroma; PNG, TIFF, WebP and JPEG XL are exact");
    if (options.depth == 16 && depth == 8) out.push_back(name + " holds 8 bits a sample, not 16");
}

void tellShape(const Picture& picture, Format format, const SaveOptions& options,
               std::vector<std::string>& out) {
    const std::string name = spoken(format);
    if (picture.alpha() && !facts(format).alpha)
        out.push_back(name + " holds no transparency: it was laid over the background colour");
    if (picture.alpha() && format == Format::gif)
        out.push_back("GIF holds no half transparency: each pixel is either there or not");
    if (format == Format::gif) out.push_back("GIF holds at most 256 colours a frame");
    if (picture.frames.size() > 1 && !facts(format).frames)
        out.push_back(name + " holds one picture: only the first of " +
                      std::to_string(picture.frames.size()) + " was written");
    if (picture.animated && format == Format::tiff && picture.frames.size() > 1)
        out.push_back("TIFF holds pages, not time: delays and repetitions were given up");
    if (leavesProfile(picture, format, options) && picture.linear)
        out.push_back(
            "its colour profile was left out: light in floating point is taken for "
            "sRGB's primaries; TIFF keeps both");
    else if (leavesProfile(picture, format, options))
        out.push_back("the colours were converted to sRGB, since " + name +
                      " cannot hold their profile here");
}

void tellMetadata(const Picture& picture, Format format, const SaveOptions& options,
                  std::vector<std::string>& out) {
    if (!options.keepMetadata) return;
    const Metadata& has = picture.metadata;
    const std::string name = spoken(format);
    const bool none = format == Format::ppm || format == Format::dz;
    if (none && !(has.exif.empty() && has.xmp.empty() && has.iptc.empty()))
        out.push_back(name + " holds no metadata: it was given up");
    if (format == Format::gif && !has.exif.empty())
        out.push_back("GIF holds no EXIF: it was given up");
    if (format != Format::jpeg) return;
    const Metadata written = corrected(picture, format, options);
    const auto before = Exif::parse(has.exif), after = Exif::parse(written.exif);
    if (before && !after)
        out.push_back("JPEG holds at most 64 KB of EXIF: it was given up");
    else if (before && before->find(before->photo, exif_tag::makerNote) &&
             !after->find(after->photo, exif_tag::makerNote))
        out.push_back("JPEG holds at most 64 KB of EXIF: the maker's private note was given up");
    if (written.xmp.size() > kJpegXmpMost)
        out.push_back("JPEG holds at most 64 KB of XMP: it was given up");
}

}  // namespace

std::vector<std::string> checkSave(const Picture& picture, Format format, const std::string& path,
                                   const SaveOptions& options) {
    if (!facts(format).writable)
        throw Error(Kind::output, std::string(spoken(format)) +
                                      " is not written; choose --format png, tiff, jpg, webp, avif "
                                      "or jxl");
    checkSides(picture, format);
    checkMemory(picture, format, options);
    checkSpace(picture, format, path, options);
    std::vector<std::string> sentences;
    tellDepth(picture, format, options, sentences);
    tellShape(picture, format, options, sentences);
    tellMetadata(picture, format, options, sentences);
    return sentences;
}

}  // namespace acuity::codec
