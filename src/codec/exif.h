// EXIF: a small TIFF of directories. Parsed bounds-first out of hostile bytes, corrected,
// rewritten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace acuity::codec {

/// One field; `data` holds the values in the byte order of the whole.
struct ExifEntry {
    std::uint16_t tag = 0, type = 0;
    std::uint32_t count = 0;
    std::string data;

    bool operator==(const ExifEntry&) const = default;
};

using ExifDirectory = std::vector<ExifEntry>;

struct Exif {
    bool bigEndian = false;
    ExifDirectory main, photo, gps, interop;
    /// Where the maker note stood: its own offsets hold only there. 0 when unknown.
    std::uint32_t makerNotePlace = 0;

    /// Nothing when the bytes do not begin as EXIF does; damaged fields are left out. The second
    /// directory (the thumbnail) is never read.
    static std::optional<Exif> parse(std::string_view bytes);
    /// The bytes of a file's EXIF block, without "Exif\0\0".
    std::string bytes() const;

    const ExifEntry* find(const ExifDirectory& directory, std::uint16_t tag) const;
    /// The first value of an integer field.
    std::optional<std::uint32_t> integer(const ExifDirectory& directory, std::uint16_t tag) const;
    /// The first value of a rational field, 0 where there is none.
    double rational(const ExifDirectory& directory, std::uint16_t tag) const;
    void setShort(ExifDirectory& directory, std::uint16_t tag, std::uint16_t value);
    void setLong(ExifDirectory& directory, std::uint16_t tag, std::uint32_t value);
    void setRational(ExifDirectory& directory, std::uint16_t tag, double value);
    static void erase(ExifDirectory& directory, std::uint16_t tag);

    bool empty() const { return main.empty() && photo.empty() && gps.empty() && interop.empty(); }
    bool operator==(const Exif&) const = default;
};

namespace exif_tag {
constexpr std::uint16_t imageWidth = 256, imageLength = 257, orientation = 274, xResolution = 282,
                        yResolution = 283, resolutionUnit = 296, photo = 34665, gps = 34853,
                        interop = 40965, makerNote = 37500, pixelX = 40962, pixelY = 40963;
}

/// Bytes of one value of an EXIF or TIFF type, 0 for unknown types.
int exifTypeSize(std::uint16_t type);

/// Fields that describe how pixels lie in a file, and blobs that travel on their own way.
bool describesStorage(std::uint16_t tag);

/// EXIF as it shall stand beside an upright picture of this size: dimensions, orientation 1,
/// resolution (none where dpi is 0).
void correct(Exif& exif, int width, int height, double dpiX, double dpiY);

}  // namespace acuity::codec
