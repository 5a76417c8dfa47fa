// TIFF and BigTIFF as files of directories: what libvips does not tell about them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace acuity::codec {

struct TiffEntry {
    std::uint16_t tag = 0, type = 0;
    std::uint64_t count = 0;
    std::uint64_t place = 0;  // where the values stand in the file
    bool inside = false;      // within the entry itself
};

/// Reads of an open file, bounds first: whatever lies outside reads as nothing.
class TiffFile {
  public:
    explicit TiffFile(const std::string& path);
    ~TiffFile();
    TiffFile(const TiffFile&) = delete;
    TiffFile& operator=(const TiffFile&) = delete;

    bool valid() const { return valid_; }
    bool big() const { return big_; }
    bool bigEndian() const { return bigEndian_; }
    std::uint64_t first() const { return first_; }

    /// The entries of the directory at `offset`, and where the next one is (0: none).
    std::vector<TiffEntry> directory(std::uint64_t offset, std::uint64_t* next = nullptr) const;
    /// The i-th value of an integer entry, or `otherwise`.
    std::uint64_t integer(const TiffEntry& entry, std::uint64_t i = 0,
                          std::uint64_t otherwise = 0) const;
    /// Up to `count` bytes; fewer at the end of the file.
    std::string read(std::uint64_t offset, std::uint64_t count) const;
    /// Whether it is so many bytes long.
    bool holds(std::uint64_t bytes) const { return bytes <= size_; }
    std::uint64_t number(std::uint64_t offset, int bytes) const;

  private:
    int file_ = -1;
    std::uint64_t size_ = 0, first_ = 0;
    bool valid_ = false, big_ = false, bigEndian_ = false;
};

/// Bytes of one value of a TIFF type, 0 for unknown types.
int tiffTypeSize(std::uint16_t type);

enum class Pages { alike, reduced, unlike, otherSizes };

/// Whether all pages have the first one's size and kind of pixels, or the others are declared as
/// its reduced copies.
Pages comparePages(const std::string& path, int pages);

struct TiffPixelFacts {
    std::vector<int> extraSamples;  // 0 unspecified, 1 premultiplied alpha, 2 alpha
    int samples = 0;
    int photometric = -1;
    int inkSet = 1;  // 1: CMYK
    bool tiled = false;
};

/// Of a page from 0 on.
TiffPixelFacts tiffPixelFacts(const std::string& path, int page = 0);

/// Where the pixels of a single page stand, if they do as in memory: unpacked, whole pixels in rows
/// without a gap, 8 bits or 16 in this machine's order. 0: otherwise.
std::uint64_t tiffPlainPixels(const std::string& path);

}  // namespace acuity::codec
