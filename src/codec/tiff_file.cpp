#include "codec/tiff_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

namespace acuity::codec {
namespace {

constexpr std::uint64_t kMostEntries = 4096;

const TiffEntry* find(const std::vector<TiffEntry>& entries, int tag) {
    for (const TiffEntry& entry : entries)
        if (entry.tag == tag) return &entry;
    return nullptr;
}

}  // namespace

int tiffTypeSize(std::uint16_t type) {
    constexpr int sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < std::size(sizes) ? sizes[type] : 0;
}

TiffFile::TiffFile(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts {};
    if (file_ < 0 || fstat(file_, &facts) != 0) return;
    size_ = static_cast<std::uint64_t>(facts.st_size);
    const std::string head = read(0, 4);
    if (head.size() < 4 || head[0] != head[1] || (head[0] != 'I' && head[0] != 'M')) return;
    bigEndian_ = head[0] == 'M';
    const auto magic = number(2, 2);
    big_ = magic == 43;
    first_ = big_ ? number(8, 8) : number(4, 4);
    valid_ = magic == 42 || (big_ && number(4, 2) == 8);
}

TiffFile::~TiffFile() {
    if (file_ >= 0) close(file_);
}

std::string TiffFile::read(std::uint64_t offset, std::uint64_t count) const {
    if (file_ < 0 || offset >= size_) return "";
    std::string bytes(std::min(count, size_ - offset), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = pread(file_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + done));
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

std::uint64_t TiffFile::number(std::uint64_t offset, int bytes) const {
    const std::string raw = read(offset, static_cast<std::uint64_t>(bytes));
    if (raw.size() != static_cast<std::size_t>(bytes)) return 0;
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value = value << 8 | static_cast<unsigned char>(raw[bigEndian_ ? i : bytes - 1 - i]);
    return value;
}

std::vector<TiffEntry> TiffFile::directory(std::uint64_t offset, std::uint64_t* next) const {
    std::vector<TiffEntry> entries;
    if (next) *next = 0;
    if (!valid_ || offset < 8 || offset >= size_) return entries;
    const std::uint64_t head = big_ ? 8 : 2, step = big_ ? 20 : 12;
    const std::uint64_t count = number(offset, static_cast<int>(head));
    if (count > kMostEntries) return entries;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t at = offset + head + i * step;
        if (at + step > size_) return entries;
        TiffEntry entry;
        entry.tag = static_cast<std::uint16_t>(number(at, 2));
        entry.type = static_cast<std::uint16_t>(number(at + 2, 2));
        entry.count = number(at + 4, big_ ? 8 : 4);
        const std::uint64_t room = big_ ? 8 : 4, value = at + (big_ ? 12 : 8);
        const auto size = static_cast<std::uint64_t>(tiffTypeSize(entry.type));
        entry.inside = size == 0 || entry.count <= room / size;
        entry.place = entry.inside ? value : number(value, static_cast<int>(room));
        entries.push_back(entry);
    }
    if (next) *next = number(offset + head + count * step, big_ ? 8 : 4);
    return entries;
}

std::uint64_t TiffFile::integer(const TiffEntry& entry, std::uint64_t i,
                                std::uint64_t otherwise) const {
    const int size = tiffTypeSize(entry.type);
    if (i >= entry.count || size == 0 || entry.type == 2 || entry.type == 5 || entry.type == 10)
        return otherwise;
    return number(entry.place + i * static_cast<std::uint64_t>(size), size);
}

Pages comparePages(const std::string& path, int pages) {
    // What libvips wants to be alike: BitsPerSample, PhotometricInterpretation, Orientation,
    // SamplesPerPixel, RowsPerStrip, PlanarConfiguration, the sides of tiles, SampleFormat; with
    // what they are where a page does not say.
    constexpr std::pair<int, std::uint64_t> kKind[] = {{258, 1}, {262, 0},          {274, 1},
                                                       {277, 1}, {278, UINT32_MAX}, {284, 1},
                                                       {322, 0}, {323, 0},          {339, 1}};
    const TiffFile file(path);
    std::uint64_t at = file.first(), width = 0, height = 0;
    std::vector<std::uint64_t> kind;
    bool same = true, reduced = true, alike = true;
    for (int page = 0; page < pages && at != 0; ++page) {
        std::uint64_t next = 0;
        const auto entries = file.directory(at, &next);
        const auto value = [&](int tag) {
            const TiffEntry* entry = find(entries, tag);
            return entry ? file.integer(*entry) : 0;
        };
        std::vector<std::uint64_t> its;
        for (const auto& [tag, otherwise] : kKind) {
            const TiffEntry* entry = find(entries, tag);
            its.push_back(entry ? file.integer(*entry, 0, otherwise) : otherwise);
        }
        if (page == 0) {
            width = value(256);
            height = value(257);
            kind = its;
        } else {
            alike = alike && its == kind;
            same = same && value(256) == width && value(257) == height;
            reduced = reduced && (value(254) & 1);
        }
        at = next;
    }
    if (same) return alike ? Pages::alike : Pages::unlike;
    return reduced ? Pages::reduced : Pages::otherSizes;
}

TiffPixelFacts tiffPixelFacts(const std::string& path, int page) {
    const TiffFile file(path);
    TiffPixelFacts facts;
    std::uint64_t at = file.first();
    for (; page > 0 && at != 0; page--) {
        std::uint64_t next = 0;
        file.directory(at, &next);
        at = next;
    }
    for (const TiffEntry& entry : file.directory(at)) {
        if (entry.tag == 277) facts.samples = static_cast<int>(file.integer(entry));
        if (entry.tag == 262) facts.photometric = static_cast<int>(file.integer(entry));
        if (entry.tag == 322) facts.tiled = true;
        if (entry.tag == 332) facts.inkSet = static_cast<int>(file.integer(entry));
        if (entry.tag == 338)
            for (std::uint64_t i = 0; i < std::min<std::uint64_t>(entry.count, 64); ++i)
                facts.extraSamples.push_back(static_cast<int>(file.integer(entry, i)));
    }
    return facts;
}

std::uint64_t tiffPlainPixels(const std::string& path) {
    const TiffFile file(path);
    std::uint64_t next = 0;
    const std::vector<TiffEntry> entries = file.directory(file.first(), &next);
    const auto value = [&](int tag, std::uint64_t otherwise) {
        const TiffEntry* entry = find(entries, tag);
        return entry ? file.integer(*entry, 0, otherwise) : otherwise;
    };
    constexpr std::uint64_t kMostSide = 10'000'000, kMostSamples = 8;
    const std::uint64_t width = value(256, 0), height = value(257, 0), samples = value(277, 1);
    const TiffEntry *starts = find(entries, 273), *lengths = find(entries, 279),
                    *bits = find(entries, 258), *extra = find(entries, 338);
    if (next != 0 || width < 1 || width > kMostSide || height < 1 || height > kMostSide ||
        samples < 1 || samples > kMostSamples || !starts || !lengths || !bits ||
        starts->count < 1 || starts->count > height || starts->count != lengths->count ||
        bits->count != samples || find(entries, 322))
        return 0;
    // Packed, in planes, of turned bits, of differences, of other numbers than whole ones, or of
    // colours that libvips would convert.
    const std::uint64_t photometric = value(262, 0);
    if (value(259, 1) != 1 || value(284, 1) != 1 || value(266, 1) != 1 || value(317, 1) != 1 ||
        value(339, 1) != 1 || (photometric != 1 && photometric != 2))
        return 0;
    const std::uint64_t deep = file.integer(*bits);
    const bool ours = (std::endian::native == std::endian::big) == file.bigEndian();
    if (deep != 8 && !(deep == 16 && ours)) return 0;
    for (std::uint64_t i = 1; i < samples; i++)
        if (file.integer(*bits, i) != deep) return 0;
    for (std::uint64_t i = 0; extra && i < std::min(extra->count, samples); i++)
        if (file.integer(*extra, i) == 1) return 0;  // premultiplied
    const std::uint64_t begin = file.integer(*starts), size = width * height * samples * deep / 8;
    std::uint64_t end = begin;
    for (std::uint64_t i = 0; i < starts->count; i++) {
        const std::uint64_t length = file.integer(*lengths, i);
        if (file.integer(*starts, i) != end || length < 1 || length > size) return 0;
        end += length;
    }
    constexpr std::uint64_t kHeader = 8;
    return begin >= kHeader && end - begin == size && file.holds(end) ? begin : 0;
}

}  // namespace acuity::codec
