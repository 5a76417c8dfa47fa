// What the tests of the codec share: a folder that vanishes, pictures, and exiftool as a witness.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vips/vips8>

#include "base/error.h"
#include "base/files.h"
#include "codec/exif.h"
#include "codec/load.h"
#include "codec/save.h"

namespace codec_test {

using namespace acuity;
using namespace acuity::codec;
using vips::VImage;

class Folder {
  public:
    Folder() {
        char name[] = "/tmp/acuity-test-XXXXXX";
        path_ = mkdtemp(name);
        startVips();
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    /// How many entries lie here, hidden ones included.
    std::size_t entries() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_))
            ++count;
        return count;
    }

  private:
    std::string path_;
};

inline VipsInterpretation meaning(int bands, bool deep) {
    if (bands < 3) return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

/// Every pixel differs from its neighbours, no band from the same formula as another.
inline VImage pattern(int width, int height, int bands, bool deep = false) {
    const VImage xy = VImage::xyz(width, height);
    VImage out;
    for (int b = 0; b < bands; ++b) {
        const VImage band =
            (xy.extract_band(0) * (7 + 4 * b) + xy.extract_band(1) * (13 - 3 * b) + b * 31) % 256;
        out = b == 0 ? band : out.bandjoin(band);
    }
    out = deep ? (out * 257 - (xy.extract_band(0) % 97)).cast(VIPS_FORMAT_USHORT)
               : out.cast(VIPS_FORMAT_UCHAR);
    return out.copy(VImage::option()->set("interpretation", meaning(bands, deep))).copy_memory();
}

/// Soft enough that a lossy encoder stays close.
inline VImage soft(int width, int height, int bands) {
    const VImage xy = VImage::xyz(width, height);
    VImage out;
    for (int b = 0; b < bands; ++b) {
        const VImage band = xy.extract_band(b % 2) * (200.0 / std::max(width, height)) + 20 + 5 * b;
        out = b == 0 ? band : out.bandjoin(band);
    }
    return out.cast(VIPS_FORMAT_UCHAR)
        .copy(VImage::option()->set("interpretation", meaning(bands, false)))
        .copy_memory();
}

inline Picture picture(const VImage& image) {
    Picture p;
    p.frames = {image};
    return p;
}

inline double largestDifference(const VImage& a, const VImage& b) {
    if (a.width() != b.width() || a.height() != b.height() || a.bands() != b.bands()) return 1e9;
    return (a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE)).abs().max();
}

inline std::string profile(const char* name) {
    VipsBlob* blob = nullptr;
    if (vips_profile_load(name, &blob, nullptr) != 0 || !blob) return "";
    std::size_t size = 0;
    const void* bytes = vips_blob_get(blob, &size);
    std::string out(static_cast<const char*>(bytes), size);
    vips_area_unref(VIPS_AREA(blob));
    return out;
}

inline void put(Exif& exif, ExifDirectory& directory, std::uint16_t tag, const std::string& text) {
    directory.push_back({tag, 2, static_cast<std::uint32_t>(text.size() + 1), text + '\0'});
    std::sort(directory.begin(), directory.end(),
              [](const ExifEntry& a, const ExifEntry& b) { return a.tag < b.tag; });
    (void)exif;
}

/// EXIF of a camera, in either byte order, with a wrong size and orientation 6.
inline std::string cameraExif(bool bigEndian = false, int orientation = 6) {
    Exif exif;
    exif.bigEndian = bigEndian;
    put(exif, exif.main, 271, "Acme");
    put(exif, exif.main, 315, "Zo\xc3\xab");
    put(exif, exif.main, 33432, "(c) Nobody");
    exif.setShort(exif.main, exif_tag::orientation, static_cast<std::uint16_t>(orientation));
    exif.setLong(exif.main, exif_tag::imageWidth, 9999);
    put(exif, exif.photo, 36867, "2021:02:03 04:05:06");
    put(exif, exif.photo, exif_tag::makerNote, "a note of the maker's own");
    exif.setLong(exif.photo, exif_tag::pixelX, 9999);
    exif.setLong(exif.photo, exif_tag::pixelY, 9999);
    put(exif, exif.gps, 1, "N");
    Exif numbers;
    numbers.bigEndian = bigEndian;
    std::string degrees;
    for (double value : {48.0, 12.0, 30.0}) {
        numbers.setRational(numbers.main, 2, value);
        degrees += numbers.find(numbers.main, 2)->data;
    }
    exif.gps.push_back({2, 5, 3, degrees});
    return exif.bytes();
}

inline std::string cameraXmp() {
    return "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
           "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description "
           "rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" "
           "xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" xmp:Rating=\"4\" tiff:Orientation=\"6\" "
           "tiff:ImageWidth=\"9999\"><tiff:ImageLength>9999</tiff:ImageLength>"
           "</rdf:Description></rdf:RDF></x:xmpmeta>";
}

inline std::string cameraIptc() {
    const auto set = [](int number, const std::string& text) {
        return std::string("\x1c\x02") + static_cast<char>(number) + '\0' +
               static_cast<char>(text.size()) + text;
    };
    return set(90, "Wien") + set(25, "one") + set(25, "two");
}

/// What exiftool says, keys as "Group:Tag", values as numbers where they are numbers.
inline nlohmann::json exiftool(const std::string& path) {
    const std::string command = "exiftool -j -n -G1 '" + path + "' 2>/dev/null";
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> block{};
    while (const std::size_t got = fread(block.data(), 1, block.size(), pipe))
        out.append(block.data(), got);
    pclose(pipe);
    const auto parsed = nlohmann::json::parse(out, nullptr, false);
    return parsed.is_array() && !parsed.empty() ? parsed[0] : nlohmann::json::object();
}

inline bool haveExiftool() {
    static const bool have = std::system("exiftool -ver >/dev/null 2>&1") == 0;
    return have;
}

inline Picture decoded(const std::string& path, LoadOptions options = {}) {
    Picture p = open(path, options);
    decode(p, path, options);
    return p;
}

/// The sentence and kind of the Error that `action` throws; fails the expectation otherwise.
template <class Action>
std::string sentenceOf(Action action, Kind* kind = nullptr) {
    try {
        action();
    } catch (const Error& error) {
        if (kind) *kind = error.kind();
        return error.what();
    }
    return "";
}

}  // namespace codec_test
