#include "codec/exif.h"

#include <algorithm>
#include <cmath>

namespace acuity::codec {
namespace {

constexpr std::size_t kMostEntries = 1000;

// Reads that answer zero outside the bytes.
class Reader {
  public:
    Reader(std::string_view bytes, bool big) : bytes_(bytes), big_(big) {}

    bool holds(std::uint64_t offset, std::uint64_t count) const {
        return offset <= bytes_.size() && count <= bytes_.size() - offset;
    }
    std::uint32_t number(std::uint64_t offset, int count) const {
        if (!holds(offset, static_cast<std::uint64_t>(count))) return 0;
        std::uint32_t value = 0;
        for (int i = 0; i < count; ++i)
            value = value << 8 |
                    static_cast<unsigned char>(
                        bytes_[offset + static_cast<std::size_t>(big_ ? i : count - 1 - i)]);
        return value;
    }
    std::string_view bytes() const { return bytes_; }

  private:
    std::string_view bytes_;
    bool big_;
};

// Fields may share bytes; `budget` keeps a small block from growing without bound that way.
ExifDirectory readDirectory(const Reader& in, std::uint64_t offset, std::uint64_t& budget,
                            std::uint32_t* makerNotePlace) {
    ExifDirectory out;
    if (offset < 8 || !in.holds(offset, 2)) return out;
    const std::size_t count = std::min<std::size_t>(in.number(offset, 2), kMostEntries);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t at = offset + 2 + i * 12;
        if (!in.holds(at, 12)) break;
        ExifEntry entry;
        entry.tag = static_cast<std::uint16_t>(in.number(at, 2));
        entry.type = static_cast<std::uint16_t>(in.number(at + 2, 2));
        entry.count = in.number(at + 4, 4);
        const auto each = static_cast<std::uint64_t>(exifTypeSize(entry.type));
        const std::uint64_t size = each * entry.count;
        if (size == 0) continue;
        const std::uint64_t place = size <= 4 ? at + 8 : in.number(at + 8, 4);
        if (!in.holds(place, size) || size > budget) continue;
        const bool known = std::any_of(out.begin(), out.end(),
                                       [&](const ExifEntry& e) { return e.tag == entry.tag; });
        if (known) continue;
        budget -= size;
        entry.data = in.bytes().substr(place, size);
        if (entry.tag == exif_tag::makerNote && makerNotePlace && size > 4)
            *makerNotePlace = static_cast<std::uint32_t>(place);
        out.push_back(std::move(entry));
    }
    std::sort(out.begin(), out.end(),
              [](const ExifEntry& a, const ExifEntry& b) { return a.tag < b.tag; });
    return out;
}

// Lays out a block from its beginning to its end; the maker note gets its old place back where the
// fields before it leave that free.
class Writer {
  public:
    explicit Writer(const Exif& exif) : big_(exif.bigEndian) {
        out_ = big_ ? "MM" : "II";
        number(42, 2);
        number(8, 4);
        if (const ExifEntry* note = exif.find(exif.photo, exif_tag::makerNote))
            if (note->data.size() > 4 && exif.makerNotePlace >= 8) {
                noteFrom_ = exif.makerNotePlace;
                noteTo_ = noteFrom_ + note->data.size();
            }
    }

    void startAt(std::size_t place) { patch(4, static_cast<std::uint32_t>(place), 4); }

    // Reserves room for a directory with `entries` fields.
    std::size_t reserve(std::size_t entries) { return place(2 + entries * 12 + 4); }

    void fill(std::size_t at, const ExifDirectory& directory) {
        patch(at, static_cast<std::uint32_t>(directory.size()), 2);
        std::size_t entry = at + 2;
        for (const ExifEntry& e : directory) {
            patch(entry, e.tag, 2);
            patch(entry + 2, e.type, 2);
            patch(entry + 4, e.count, 4);
            std::size_t value = entry + 8;
            if (e.data.size() > 4) {
                const bool home = e.tag == exif_tag::makerNote && free(noteFrom_, noteTo_);
                value = home ? take(noteFrom_, e.data.size()) : place(e.data.size());
                patch(entry + 8, static_cast<std::uint32_t>(value), 4);
            }
            out_.replace(value, e.data.size(), e.data);
            entry += 12;
        }
    }

    std::string done() { return std::move(out_); }

  private:
    bool free(std::size_t from, std::size_t to) const { return to > from && !noteUsed_; }

    std::size_t take(std::size_t at, std::size_t size) {
        noteUsed_ = true;
        if (out_.size() < at + size) out_.resize(at + size, '\0');
        return at;
    }

    std::size_t place(std::size_t size) {
        std::size_t at = next_ + next_ % 2;
        if (noteTo_ > noteFrom_ && at < noteTo_ && at + size > noteFrom_)
            at = noteTo_ + noteTo_ % 2;
        next_ = at + size;
        if (out_.size() < next_) out_.resize(next_, '\0');
        return at;
    }

    void patch(std::size_t at, std::uint32_t value, int count) {
        for (int i = 0; i < count; ++i)
            out_[at + static_cast<std::size_t>(i)] =
                static_cast<char>(value >> 8 * (big_ ? count - 1 - i : i));
    }

    void number(std::uint32_t value, int count) {
        out_.resize(out_.size() + static_cast<std::size_t>(count));
        patch(out_.size() - static_cast<std::size_t>(count), value, count);
    }

    bool big_, noteUsed_ = false;
    std::string out_;
    std::size_t next_ = 8, noteFrom_ = 0, noteTo_ = 0;
};

ExifEntry pointer(std::uint16_t tag) {
    return {tag, 4, 1, std::string(4, '\0')};
}

void put(ExifDirectory& directory, ExifEntry entry) {
    const auto at =
        std::lower_bound(directory.begin(), directory.end(), entry.tag,
                         [](const ExifEntry& e, std::uint16_t tag) { return e.tag < tag; });
    if (at != directory.end() && at->tag == entry.tag)
        *at = std::move(entry);
    else
        directory.insert(at, std::move(entry));
}

std::string inOrder(std::uint32_t value, int count, bool big) {
    std::string out;
    for (int i = 0; i < count; ++i)
        out += static_cast<char>(value >> 8 * (big ? count - 1 - i : i));
    return out;
}

}  // namespace

int exifTypeSize(std::uint16_t type) {
    constexpr int sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
    return type < std::size(sizes) ? sizes[type] : 0;
}

bool describesStorage(std::uint16_t tag) {
    switch (tag) {
        case 254:
        case 255:
        case 258:
        case 259:
        case 262:
        case 266:
        case 273:
        case 277:
        case 278:
        case 279:
        case 284:
        case 301:
        case 317:
        case 320:
        case 322:
        case 323:
        case 324:
        case 325:
        case 330:
        case 332:
        case 338:
        case 339:
        case 340:
        case 341:
        case 347:
        case 512:
        case 513:
        case 514:
        case 529:
        case 530:
        case 531:
        case 532:
        case 700:
        case 33550:  // GeoTIFF: pixels of another size lie elsewhere
        case 33723:
        case 33922:
        case 34264:
        case 34377:
        case 34675:
        case 34735:
        case 34736:
        case 34737:
        case 37724:
            return true;
        default:
            return false;
    }
}

std::optional<Exif> Exif::parse(std::string_view bytes) {
    if (bytes.substr(0, 6) == std::string_view("Exif\0\0", 6)) bytes.remove_prefix(6);
    if (bytes.size() < 8) return std::nullopt;
    Exif exif;
    exif.bigEndian = bytes[0] == 'M';
    const Reader in(bytes, exif.bigEndian);
    if (bytes[0] != bytes[1] || (bytes[0] != 'M' && bytes[0] != 'I') || in.number(2, 2) != 42)
        return std::nullopt;
    std::uint64_t budget = bytes.size();
    exif.main = readDirectory(in, in.number(4, 4), budget, nullptr);
    const auto follow = [&](ExifDirectory& from, std::uint16_t tag, std::uint32_t* note) {
        const auto place = exif.integer(from, tag);
        erase(from, tag);
        return place ? readDirectory(in, *place, budget, note) : ExifDirectory();
    };
    exif.photo = follow(exif.main, exif_tag::photo, &exif.makerNotePlace);
    exif.gps = follow(exif.main, exif_tag::gps, nullptr);
    exif.interop = follow(exif.photo, exif_tag::interop, nullptr);
    std::erase_if(exif.main, [](const ExifEntry& e) { return describesStorage(e.tag); });
    // Pointers where none belong would be read as fields once more.
    for (ExifDirectory* d : {&exif.photo, &exif.gps, &exif.interop})
        for (auto tag : {exif_tag::photo, exif_tag::gps, exif_tag::interop}) erase(*d, tag);
    erase(exif.main, exif_tag::interop);
    return exif;
}

std::string Exif::bytes() const {
    ExifDirectory first = main, second = photo;
    if (!interop.empty()) put(second, pointer(exif_tag::interop));
    if (!second.empty()) put(first, pointer(exif_tag::photo));
    if (!gps.empty()) put(first, pointer(exif_tag::gps));
    Writer out(*this);
    const std::size_t firstAt = out.reserve(first.size());
    out.startAt(firstAt);
    const auto link = [&](ExifDirectory& from, std::uint16_t tag, const ExifDirectory& to) {
        if (to.empty()) return std::size_t{0};
        const std::size_t at = out.reserve(to.size());
        put(from, {tag, 4, 1, inOrder(static_cast<std::uint32_t>(at), 4, bigEndian)});
        return at;
    };
    const std::size_t photoAt = link(first, exif_tag::photo, second);
    const std::size_t gpsAt = link(first, exif_tag::gps, gps);
    const std::size_t interopAt = link(second, exif_tag::interop, interop);
    out.fill(firstAt, first);
    if (photoAt) out.fill(photoAt, second);
    if (gpsAt) out.fill(gpsAt, gps);
    if (interopAt) out.fill(interopAt, interop);
    return out.done();
}

const ExifEntry* Exif::find(const ExifDirectory& directory, std::uint16_t tag) const {
    for (const ExifEntry& entry : directory)
        if (entry.tag == tag) return &entry;
    return nullptr;
}

std::optional<std::uint32_t> Exif::integer(const ExifDirectory& directory,
                                           std::uint16_t tag) const {
    const ExifEntry* entry = find(directory, tag);
    if (!entry) return std::nullopt;
    const int size = exifTypeSize(entry->type);
    const bool whole =
        entry->type == 1 || entry->type == 3 || entry->type == 4 || entry->type == 13;
    if (!whole) return std::nullopt;
    return Reader(entry->data, bigEndian).number(0, size);
}

double Exif::rational(const ExifDirectory& directory, std::uint16_t tag) const {
    const ExifEntry* entry = find(directory, tag);
    if (!entry || entry->type != 5) return 0;
    const Reader in(entry->data, bigEndian);
    const double below = in.number(4, 4);
    return below > 0 ? in.number(0, 4) / below : 0;
}

void Exif::setShort(ExifDirectory& directory, std::uint16_t tag, std::uint16_t value) {
    put(directory, {tag, 3, 1, inOrder(value, 2, bigEndian)});
}

void Exif::setLong(ExifDirectory& directory, std::uint16_t tag, std::uint32_t value) {
    put(directory, {tag, 4, 1, inOrder(value, 4, bigEndian)});
}

void Exif::setRational(ExifDirectory& directory, std::uint16_t tag, double value) {
    const std::uint32_t below = value == std::round(value) ? 1 : 1000;
    const auto above = static_cast<std::uint32_t>(std::lround(value * below));
    put(directory, {tag, 5, 1, inOrder(above, 4, bigEndian) + inOrder(below, 4, bigEndian)});
}

void Exif::erase(ExifDirectory& directory, std::uint16_t tag) {
    std::erase_if(directory, [&](const ExifEntry& entry) { return entry.tag == tag; });
}

void correct(Exif& exif, int width, int height, double dpiX, double dpiY) {
    using namespace exif_tag;
    const auto w = static_cast<std::uint32_t>(width), h = static_cast<std::uint32_t>(height);
    if (exif.find(exif.main, imageWidth)) exif.setLong(exif.main, imageWidth, w);
    if (exif.find(exif.main, imageLength)) exif.setLong(exif.main, imageLength, h);
    exif.setShort(exif.main, orientation, 1);
    if (!exif.photo.empty()) {
        exif.setLong(exif.photo, pixelX, w);
        exif.setLong(exif.photo, pixelY, h);
    }
    for (auto tag : {xResolution, yResolution, resolutionUnit}) Exif::erase(exif.main, tag);
    if (dpiX <= 0 || dpiY <= 0) return;
    exif.setRational(exif.main, xResolution, dpiX);
    exif.setRational(exif.main, yResolution, dpiY);
    exif.setShort(exif.main, resolutionUnit, 2);
}

}  // namespace acuity::codec
