#include "codec/tiff_exif.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "codec/tiff_file.h"

namespace acuity::codec {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 24;

// Of the fields that our own writer of pixels sets, and that only hold for one file.
bool ownedByPixels(std::uint16_t tag) {
    using namespace exif_tag;
    return describesStorage(tag) || tag == imageWidth || tag == imageLength || tag == orientation ||
           tag == xResolution || tag == yResolution || tag == resolutionUnit || tag == 297 ||
           tag == 318 || tag == 319;
}

ExifDirectory fields(const TiffFile& file, std::uint64_t offset, std::uint64_t& budget) {
    ExifDirectory out;
    for (const TiffEntry& entry : file.directory(offset)) {
        const auto size = static_cast<std::uint64_t>(exifTypeSize(entry.type));
        if (size == 0 || entry.count == 0 || entry.count > budget / size) continue;
        const bool known = std::any_of(out.begin(), out.end(),
                                       [&](const ExifEntry& e) { return e.tag == entry.tag; });
        std::string data = file.read(entry.place, entry.count * size);
        if (known || data.size() != entry.count * size) continue;
        budget -= data.size();
        out.push_back(
            {entry.tag, entry.type, static_cast<std::uint32_t>(entry.count), std::move(data)});
    }
    std::sort(out.begin(), out.end(),
              [](const ExifEntry& a, const ExifEntry& b) { return a.tag < b.tag; });
    return out;
}

// Where the entry points to: LONG, IFD, or the 64-bit kinds of BigTIFF.
std::uint64_t pointed(const TiffFile& file, std::uint64_t directory, std::uint16_t tag) {
    for (const TiffEntry& entry : file.directory(directory))
        if (entry.tag == tag) return file.integer(entry);
    return 0;
}

// Bytes that change places between the two byte orders.
std::size_t swapUnit(std::uint16_t type) {
    switch (type) {
        case 3:
        case 8:
            return 2;
        case 4:
        case 5:
        case 9:
        case 10:
        case 11:
        case 13:
            return 4;
        case 12:
            return 8;
        default:
            return 1;
    }
}

std::string reordered(const ExifEntry& entry, bool swap) {
    constexpr int kUserComment = 0x9286;
    const std::string kUnicode("UNICODE\0", 8);  // in front of 16-bit letters in the file's order
    std::string data = entry.data;
    std::size_t unit = swapUnit(entry.type), start = 0;
    if (entry.tag == kUserComment && data.compare(0, kUnicode.size(), kUnicode) == 0) {
        unit = 2;
        start = kUnicode.size();
    }
    if (swap && unit > 1)
        for (std::size_t at = start; at + unit <= data.size(); at += unit)
            std::reverse(data.begin() + static_cast<std::ptrdiff_t>(at),
                         data.begin() + static_cast<std::ptrdiff_t>(at + unit));
    return data;
}

// One entry on its way into the file: bytes already in the file's order.
struct NewEntry {
    std::uint16_t tag = 0, type = 0;
    std::uint64_t count = 0;
    std::string data;     // values, or
    std::string pointer;  // the entry's own value field, copied as it stood
};

// Appends directories behind the end of a file.
class Appender {
  public:
    Appender(bool big, bool bigEndian, std::uint64_t end)
        : big_(big), bigEndian_(bigEndian), start_(end) {}

    /// Returns the place of the directory.
    std::uint64_t directory(std::vector<NewEntry> entries, std::uint64_t next) {
        std::sort(entries.begin(), entries.end(),
                  [](const NewEntry& a, const NewEntry& b) { return a.tag < b.tag; });
        const std::size_t room = big_ ? 8 : 4;
        std::string body = number(entries.size(), big_ ? 8 : 2), values;
        const std::uint64_t at = here();
        const std::uint64_t behind = at + body.size() + entries.size() * (big_ ? 20u : 12u) + room;
        for (const NewEntry& e : entries) {
            body += number(e.tag, 2) + number(e.type, 2) + number(e.count, static_cast<int>(room));
            std::string value = e.pointer.empty() ? e.data : e.pointer;
            if (value.size() > room) {
                if (values.size() % 2) values += '\0';
                const std::string place = number(behind + values.size(), static_cast<int>(room));
                values += value;
                value = place;
            }
            value.resize(room, '\0');
            body += value;
        }
        out_ += body + number(next, static_cast<int>(room)) + values;
        if (out_.size() % 2) out_ += '\0';
        return at;
    }

    std::string number(std::uint64_t value, int count) const {
        std::string out;
        for (int i = 0; i < count; ++i)
            out += static_cast<char>(value >> 8 * (bigEndian_ ? count - 1 - i : i));
        return out;
    }

    NewEntry pointer(std::uint16_t tag, std::uint64_t place) const {
        return {tag, static_cast<std::uint16_t>(big_ ? 18 : 4), 1, number(place, big_ ? 8 : 4), ""};
    }

    const std::string& bytes() const { return out_; }

  private:
    std::uint64_t here() const { return start_ + out_.size(); }

    bool big_, bigEndian_;
    std::uint64_t start_;  // even
    std::string out_;
};

std::vector<NewEntry> converted(const ExifDirectory& directory, bool swap) {
    std::vector<NewEntry> out;
    for (const ExifEntry& e : directory)
        out.push_back({e.tag, e.type, e.count, reordered(e, swap), ""});
    return out;
}

// The entries the encoder wrote, by their raw value fields: offsets in them stay true.
std::vector<NewEntry> existing(const TiffFile& file, bool dpiKnown) {
    std::vector<NewEntry> out;
    const std::uint64_t room = file.big() ? 8 : 4, step = file.big() ? 20 : 12;
    const auto entries = file.directory(file.first());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto tag = entries[i].tag;
        const bool resolution = tag == exif_tag::xResolution || tag == exif_tag::yResolution ||
                                tag == exif_tag::resolutionUnit;
        if ((resolution && !dpiKnown) || tag == 700 || tag == 33723) continue;
        const std::uint64_t at = file.first() + (file.big() ? 8 : 2) + i * step;
        out.push_back(
            {tag, entries[i].type, entries[i].count, "", file.read(at + step - room, room)});
    }
    return out;
}

void writeAt(int file, const std::string& bytes, std::uint64_t at) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t wrote =
            pwrite(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0)
            throw Error(Kind::output, std::string("the disk refused: ") + std::strerror(errno));
        done += static_cast<std::size_t>(wrote);
    }
}

void addBlobs(const Metadata& metadata, std::vector<NewEntry>& entries) {
    if (!metadata.xmp.empty()) entries.push_back({700, 1, metadata.xmp.size(), metadata.xmp, ""});
    if (metadata.iptc.empty()) return;
    std::string iptc = metadata.iptc;  // read as 32-bit numbers by most programs
    iptc.resize((iptc.size() + 3) / 4 * 4, '\0');
    entries.push_back({33723, 4, iptc.size() / 4, iptc, ""});
}

void addExif(const Exif& exif, bool swap, Appender& out, std::vector<NewEntry>& entries) {
    for (NewEntry& e : converted(exif.main, swap)) {
        const bool taken = std::any_of(entries.begin(), entries.end(),
                                       [&](const NewEntry& o) { return o.tag == e.tag; });
        if (!taken && !ownedByPixels(e.tag)) entries.push_back(std::move(e));
    }
    auto photo = converted(exif.photo, swap);
    if (!exif.interop.empty())
        photo.push_back(
            out.pointer(exif_tag::interop, out.directory(converted(exif.interop, swap), 0)));
    if (!photo.empty())
        entries.push_back(out.pointer(exif_tag::photo, out.directory(std::move(photo), 0)));
    if (!exif.gps.empty())
        entries.push_back(out.pointer(exif_tag::gps, out.directory(converted(exif.gps, swap), 0)));
}

}  // namespace

Exif readTiffExif(const std::string& path, int page) {
    const TiffFile file(path);
    Exif exif;
    exif.bigEndian = file.bigEndian();
    std::uint64_t at = file.first(), next = 0;
    for (int i = 0; i < page && at != 0; ++i) {
        file.directory(at, &next);
        at = next;
    }
    std::uint64_t budget = kMostBytes;
    exif.main = fields(file, at, budget);
    std::erase_if(exif.main, [](const ExifEntry& e) {
        return ownedByPixels(e.tag) || e.tag == exif_tag::photo || e.tag == exif_tag::gps;
    });
    const std::uint64_t photo = pointed(file, at, exif_tag::photo);
    if (photo) exif.photo = fields(file, photo, budget);
    if (const auto place = photo ? pointed(file, photo, exif_tag::interop) : 0)
        exif.interop = fields(file, place, budget);
    Exif::erase(exif.photo, exif_tag::interop);
    if (const auto place = pointed(file, at, exif_tag::gps)) exif.gps = fields(file, place, budget);
    return exif;
}

void appendToTiff(const std::string& path, const Metadata& metadata) {
    const bool dpiKnown = metadata.dpiX > 0 && metadata.dpiY > 0;
    if (metadata.exif.empty() && metadata.xmp.empty() && metadata.iptc.empty() && dpiKnown) return;
    const int out = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (out < 0)
        throw Error(Kind::output, std::string("the disk refused: ") + std::strerror(errno));
    try {
        const TiffFile file(path);
        if (!file.valid() || file.directory(file.first()).empty())
            throw Error(Kind::internal, "the encoder wrote no TIFF");
        const auto end = static_cast<std::uint64_t>(lseek(out, 0, SEEK_END));
        std::uint64_t next = 0;
        file.directory(file.first(), &next);
        Appender appender(file.big(), file.bigEndian(), end + end % 2);
        std::vector<NewEntry> entries = existing(file, dpiKnown);
        addBlobs(metadata, entries);
        if (const auto exif = Exif::parse(metadata.exif))
            addExif(*exif, exif->bigEndian != file.bigEndian(), appender, entries);
        const std::uint64_t first = appender.directory(std::move(entries), next);
        if (!file.big() && first + appender.bytes().size() > UINT32_MAX)
            throw Error(Kind::output,
                        "the disk refused: the file grew beyond what TIFF can address");
        writeAt(out, appender.bytes(), end + end % 2);
        writeAt(out, appender.number(first, file.big() ? 8 : 4), file.big() ? 8 : 4);
    } catch (...) {
        close(out);
        throw;
    }
    close(out);
}

}  // namespace acuity::codec
