#include "codec/sniff.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <string>

#include "codec/formats.h"

namespace acuity::codec {
namespace {

using View = std::string_view;
using namespace std::string_view_literals;

bool at(View head, std::size_t offset, View bytes) {
    return head.size() >= offset + bytes.size() && head.substr(offset, bytes.size()) == bytes;
}

bool starts(View head, View bytes) {
    return at(head, 0, bytes);
}

// Little-endian 32 bits at `offset`, 0 beyond the end.
std::uint32_t little32(View head, std::size_t offset) {
    if (head.size() < offset + 4) return 0;
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(head[offset + i]);
    return value;
}

bool isTiff(View head) {
    return starts(head, "II*\0"sv) || starts(head, "MM\0*"sv) || starts(head, "II+\0"sv) ||
           starts(head, "MM\0+"sv);
}

bool isBmp(View head) {
    if (!starts(head, "BM")) return false;
    const auto size = little32(head, 14);
    return size == 12 || size == 40 || size == 52 || size == 56 || size == 64 || size == 108 ||
           size == 124;
}

bool isPpm(View head) {
    if (head.size() < 3 || head[0] != 'P') return false;
    return "123456Ff"sv.find(head[1]) != View::npos &&
           (std::isspace(static_cast<unsigned char>(head[2])) || head[2] == '#');
}

// Whether `brand` is among the major and compatible brands of an ISO file.
bool hasBrand(View head, View brand) {
    if (!at(head, 4, "ftyp")) return false;
    std::size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(head[i]);
    size = std::min(size, head.size());
    for (std::size_t offset = 8; offset + 4 <= size; offset += 4)
        if (offset != 12 && head.substr(offset, 4) == brand) return true;
    return false;
}

std::optional<Format> isoFormat(View head) {
    if (hasBrand(head, "crx ")) return std::nullopt;
    for (View brand : {"avif"sv, "avis"sv})
        if (hasBrand(head, brand)) return Format::avif;
    for (View brand :
         {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "mif1"sv, "msf1"sv})
        if (hasBrand(head, brand)) return Format::heic;
    return std::nullopt;
}

// One entry of a classic TIFF's first directory, as far as it lies within the head.
struct FirstDirectory {
    bool dng = false, reduced = false, subImages = false, make = false;
};

FirstDirectory firstDirectory(View head) {
    FirstDirectory found;
    const bool big = starts(head, "MM");
    const auto number = [&](std::size_t offset, int bytes) {
        std::uint32_t value = 0;
        for (int i = 0; i < bytes; ++i) {
            const std::size_t place = offset + (big ? i : bytes - 1 - i);
            value =
                value << 8 | (place < head.size() ? static_cast<unsigned char>(head[place]) : 0);
        }
        return value;
    };
    const std::size_t directory = number(4, 4);
    if (directory + 2 > head.size()) return found;
    const auto count = number(directory, 2);
    for (std::uint32_t i = 0; i < count && directory + 2 + i * 12 + 12 <= head.size(); ++i) {
        const std::size_t entry = directory + 2 + i * 12;
        switch (number(entry, 2)) {
            case 254:
                found.reduced = number(entry + 8, 4) & 1;
                break;
            case 271:
                found.make = true;
                break;
            case 330:
                found.subImages = true;
                break;
            case 50706:
                found.dng = true;
                break;
        }
    }
    return found;
}

// Raw files of cameras are TIFF files whose first directory is a thumbnail with the sensor's data
// in a sub-directory, or have a mark of their own.
bool isCameraRaw(View head) {
    if (starts(head, "IIRO") || starts(head, "IIRS") || starts(head, "IIU\0"sv) ||
        starts(head, "FUJIFILMCCD-RAW") || starts(head, "FOVb") || hasBrand(head, "crx "))
        return true;
    if (!isTiff(head)) return false;
    if (at(head, 8, "CR\x02")) return true;
    const FirstDirectory first = firstDirectory(head);
    return first.dng || (first.reduced && first.subImages && first.make);
}

bool isVideo(View head) {
    return starts(head, "\x1a\x45\xdf\xa3") || (starts(head, "RIFF") && at(head, 8, "AVI ")) ||
           starts(head, "\0\0\1\xba"sv) || starts(head, "FLV\1") || starts(head, "OggS") ||
           (at(head, 4, "ftyp") && !isoFormat(head) && !hasBrand(head, "crx ") &&
            !hasBrand(head, "jp2 "));
}

bool isSvg(View head) {
    std::size_t from = head.find_first_not_of(" \t\r\n");
    if (starts(head, "\xef\xbb\xbf")) from = 3;
    if (from == View::npos || head[from] != '<') return false;
    return head.find("<svg") != View::npos;
}

}  // namespace

std::optional<Format> formatOfBytes(View head) {
    if (isCameraRaw(head)) return std::nullopt;
    if (starts(head, "\xff\xd8\xff")) return Format::jpeg;
    if (starts(head, "\x89PNG\r\n\x1a\n")) return Format::png;
    if (starts(head, "RIFF") && at(head, 8, "WEBP")) return Format::webp;
    if (isTiff(head)) return Format::tiff;
    if (starts(head, "GIF87a") || starts(head, "GIF89a")) return Format::gif;
    if (starts(head, "\xff\x0a") || starts(head, "\0\0\0\x0cJXL \r\n\x87\n"sv)) return Format::jxl;
    if (starts(head, "\x76\x2f\x31\x01")) return Format::exr;
    if (isBmp(head)) return Format::bmp;
    if (isPpm(head)) return Format::ppm;
    return isoFormat(head);
}

std::string refusal(View head) {
    if (isSvg(head) || (starts(head, "\x1f\x8b") && head.find(".svg") != View::npos))
        return "SVG is a drawing without pixels: it needs no upscaler but a renderer, which draws "
               "it "
               "sharply at any size";
    if (head.substr(0, 1024).find("%PDF-") != View::npos || starts(head, "%!PS"))
        return "PDF is a document without pixels of its own: it needs no upscaler but a renderer, "
               "which draws its pages at any size";
    if (isCameraRaw(head))
        return "raw camera files need to be developed first; export it as TIFF or PNG";
    if (isVideo(head)) return "videos are not read; extract the frames as pictures first";
    if (starts(head, "8BPS")) return "Photoshop documents are not read; export it as TIFF or PNG";
    if (starts(head, "\0\0\0\x0cjP  \r\n\x87\n"sv) || starts(head, "\xff\x4f\xff\x51"))
        return "JPEG 2000 is not read; convert it to TIFF or PNG";
    if (starts(head, "#?RADIANCE") || starts(head, "#?RGBE"))
        return "Radiance HDR is not read; convert it to EXR or TIFF";
    if (starts(head, "gimp xcf")) return "GIMP documents are not read; export it as TIFF or PNG";
    if (starts(head, "\0\0\1\0"sv)) return "icons are not read; convert it to PNG";
    if (starts(head, "SIMPLE  =")) return "FITS is not read; convert it to TIFF";
    return "";
}

}  // namespace acuity::codec
