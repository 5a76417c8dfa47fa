#include "codec/heif_items.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <vector>

namespace acuity::codec {
namespace {

using namespace std::string_literals;

constexpr std::uint64_t kMostMeta = 64 << 20, kMostBlock = 16 << 20;
constexpr std::size_t kMostItems = 10000;

std::string big(std::uint64_t value, int count) {
    std::string out;
    for (int i = count - 1; i >= 0; --i) out += static_cast<char>(value >> 8 * i);
    return out;
}

// Reads numbers one after the other; after the end it answers zero and is not `good` any more.
class Cursor {
  public:
    Cursor(const std::string& bytes, std::size_t at, std::size_t end)
        : bytes_(bytes), at_(at), end_(end < bytes.size() ? end : bytes.size()) {}

    std::uint64_t number(int count) {
        std::uint64_t value = 0;
        for (int i = 0; i < count; ++i, ++at_) {
            good_ = good_ && at_ < end_;
            value = value << 8 | (good_ ? static_cast<unsigned char>(bytes_[at_]) : 0u);
        }
        return value;
    }
    std::string text(std::size_t count) {
        std::string out;
        for (std::size_t i = 0; i < count; ++i) out += static_cast<char>(number(1));
        return out;
    }
    std::string zeroEnded() {
        std::string out;
        for (char c; good_ && (c = static_cast<char>(number(1)));) out += c;
        return out;
    }
    bool good() const { return good_; }
    std::size_t at() const { return at_; }
    std::size_t end() const { return end_; }

  private:
    const std::string& bytes_;
    std::size_t at_, end_;
    bool good_ = true;
};

struct Box {
    std::string kind;
    std::size_t from = 0, body = 0, to = 0;
};

std::optional<Box> boxAt(const std::string& bytes, std::size_t at, std::size_t end) {
    Cursor in(bytes, at, end);
    Box box;
    box.from = at;
    std::uint64_t size = in.number(4);
    box.kind = in.text(4);
    if (size == 1) size = in.number(8);
    box.body = in.at();
    if (size == 0) size = end - at;
    if (!in.good() || size < box.body - at || size > end - at) return std::nullopt;
    box.to = at + size;
    return box;
}

std::optional<Box> child(const std::string& bytes, std::size_t from, std::size_t to,
                         const std::string& kind) {
    while (const auto box = boxAt(bytes, from, to)) {
        if (box->kind == kind) return box;
        from = box->to;
        if (from >= to) break;
    }
    return std::nullopt;
}

struct Extent {
    std::uint64_t offset = 0, length = 0;
};

struct Item {
    std::uint64_t id = 0, method = 0, reference = 0;
    std::vector<Extent> extents;
};

std::optional<std::vector<Item>> locations(const std::string& bytes, const Box& box) {
    Cursor in(bytes, box.body, box.to);
    const auto version = in.number(1);
    in.number(3);
    const auto sizes = in.number(2);
    const int offsetSize = sizes >> 12 & 15, lengthSize = sizes >> 8 & 15,
              baseSize = sizes >> 4 & 15;
    const int indexSize = version > 0 ? sizes & 15 : 0;
    const auto count = in.number(version < 2 ? 2 : 4);
    std::vector<Item> items;
    if (version > 2 || count > kMostItems) return std::nullopt;
    for (std::uint64_t i = 0; i < count && in.good(); ++i) {
        Item item;
        item.id = in.number(version < 2 ? 2 : 4);
        if (version > 0) item.method = in.number(2) & 15;
        item.reference = in.number(2);
        const auto base = in.number(baseSize);
        const auto extents = in.number(2);
        for (std::uint64_t k = 0; k < extents && in.good(); ++k) {
            in.number(indexSize);
            Extent extent;
            extent.offset = base + in.number(offsetSize);
            extent.length = in.number(lengthSize);
            item.extents.push_back(extent);
        }
        items.push_back(item);
    }
    if (!in.good()) return std::nullopt;
    return items;
}

struct Kind {
    std::uint64_t id = 0;
    std::string type, mime;
};

std::vector<Kind> kinds(const std::string& bytes, const Box& box) {
    std::vector<Kind> out;
    Cursor in(bytes, box.body, box.to);
    const auto version = in.number(1);
    in.number(3);
    in.number(version == 0 ? 2 : 4);
    for (std::size_t at = in.at(); at < box.to && out.size() < kMostItems;) {
        const auto entry = boxAt(bytes, at, box.to);
        if (!entry) break;
        at = entry->to;
        Cursor e(bytes, entry->body, entry->to);
        const auto v = e.number(1);
        e.number(3);
        if (entry->kind != "infe" || v < 2) continue;
        Kind kind;
        kind.id = e.number(v == 2 ? 2 : 4);
        e.number(2);
        kind.type = e.text(4);
        e.zeroEnded();
        if (kind.type == "mime") kind.mime = e.zeroEnded();
        out.push_back(kind);
    }
    return out;
}

// The parts of a meta box that name and place its items.
struct Meta {
    Box box, places, names;
    std::optional<Box> references;
    std::uint64_t primary = 0;
    std::vector<Item> items;
    std::vector<Kind> kinds;
};

std::optional<Meta> readMeta(const std::string& bytes, const Box& box) {
    const std::size_t from = box.body + 4;
    const auto places = child(bytes, from, box.to, "iloc"),
               names = child(bytes, from, box.to, "iinf"),
               primary = child(bytes, from, box.to, "pitm");
    if (!places || !names || !primary) return std::nullopt;
    auto items = locations(bytes, *places);
    if (!items) return std::nullopt;
    Cursor in(bytes, primary->body, primary->to);
    const auto version = in.number(1);
    in.number(3);
    Meta meta{box,
              *places,
              *names,
              child(bytes, from, box.to, "iref"),
              0,
              std::move(*items),
              kinds(bytes, *names)};
    meta.primary = in.number(version == 0 ? 2 : 4);
    return meta;
}

Item* itemOf(Meta& meta, const std::string& type) {
    for (const Kind& kind : meta.kinds)
        for (Item& item : meta.items)
            if (kind.type == type && kind.id == item.id) return &item;
    return nullptr;
}

std::string wrapped(const std::string& kind, const std::string& body) {
    return big(body.size() + 8, 4) + kind + body;
}

std::string placesBox(const std::vector<Item>& items, std::uint64_t shift, std::uint64_t after) {
    std::string body = "\1\0\0\0\x44\0"s + big(items.size(), 2);
    for (const Item& item : items) {
        body += big(item.id, 2) + big(item.method, 2) + big(item.reference, 2) +
                big(item.extents.size(), 2);
        for (const Extent& e : item.extents)
            body += big(e.offset + (item.method == 0 && e.offset >= after ? shift : 0), 4) +
                    big(e.length, 4);
    }
    return wrapped("iloc", body);
}

std::string nameEntry(std::uint64_t id, const std::string& type, const std::string& mime) {
    return wrapped("infe", "\2\0\0\1"s + big(id, 2) + big(0, 2) + type + "\0"s +
                               (mime.empty() ? "" : mime + "\0"s));
}

std::string slice(const std::string& bytes, std::size_t from, std::size_t to) {
    return bytes.substr(from, to - from);
}

}  // namespace

Metadata heifMetadata(const std::string& path) {
    Metadata found;
    std::ifstream file(path, std::ios::binary);
    const auto bytesAt = [&](std::uint64_t at, std::uint64_t count) {
        std::string out(std::min(count, kMostMeta), '\0');
        file.clear();
        file.seekg(static_cast<std::streamoff>(at));
        file.read(out.data(), static_cast<std::streamsize>(out.size()));
        out.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
        return out;
    };
    std::string bytes;
    for (std::uint64_t at = 0, boxes = 0; boxes < 100; ++boxes) {
        const std::string head = bytesAt(at, 16);
        Cursor in(head, 0, head.size());
        const auto size = in.number(4);
        const std::string kind = in.text(4);
        if (!in.good() || size < 8) return found;
        if (kind == "meta") {
            bytes = bytesAt(at, size);
            break;
        }
        at += size;
    }
    const auto box = boxAt(bytes, 0, bytes.size());
    const auto meta = box ? readMeta(bytes, *box) : std::nullopt;
    if (!meta) return found;
    const auto content = [&](std::uint64_t id) {
        std::string out;
        for (const Item& item : meta->items)
            if (item.id == id && item.method == 0)
                for (const Extent& e : item.extents)
                    if (out.size() + e.length <= kMostBlock) out += bytesAt(e.offset, e.length);
        return out;
    };
    for (const Kind& kind : meta->kinds) {
        if (kind.type == "Exif" && found.exif.empty()) {
            const std::string item = content(kind.id);
            const std::uint64_t skip = 4 + Cursor(item, 0, item.size()).number(4);
            if (skip < item.size()) found.exif = item.substr(skip);
        }
        if (kind.mime == "application/rdf+xml" && found.xmp.empty()) found.xmp = content(kind.id);
    }
    return found;
}

std::string heifWith(const std::string& file, const Metadata& metadata) {
    if (metadata.exif.empty() && metadata.xmp.empty()) return file;
    const auto box = child(file, 0, file.size(), "meta");
    auto meta = box ? readMeta(file, *box) : std::nullopt;
    if (!meta || (meta->references && file[meta->references->body] != 0)) return file;
    std::uint64_t id = meta->primary;
    for (const Item& item : meta->items) id = std::max(id, item.id);
    if (id > 60000 || file.size() > 0xf0000000u || file[meta->names.body] != 0) return file;

    std::string data, names, references;
    const auto add = [&](const std::string& type, const std::string& mime,
                         const std::string& bytes) {
        const Extent place{file.size() + 8 + data.size(), bytes.size()};
        data += bytes;
        // The encoder makes up an EXIF item of its own: that one is pointed to our bytes.
        if (Item* known = itemOf(*meta, type)) {
            known->method = 0;
            known->extents = {place};
            return;
        }
        Item item;
        item.id = ++id;
        item.extents = {place};
        meta->items.push_back(item);
        meta->kinds.push_back({id, type, mime});
        names += nameEntry(id, type, mime);
        references += wrapped("cdsc", big(id, 2) + big(1, 2) + big(meta->primary, 2));
    };
    if (!metadata.exif.empty()) add("Exif", "", big(6, 4) + "Exif\0\0"s + metadata.exif);
    if (!metadata.xmp.empty()) add("mime", "application/rdf+xml", metadata.xmp);

    const std::string nameBox =
        wrapped("iinf", "\0\0\0\0"s + big(meta->kinds.size(), 2) +
                            slice(file, meta->names.body + 6, meta->names.to) + names);
    const std::string referenceBox = wrapped(
        "iref", (meta->references ? slice(file, meta->references->body, meta->references->to)
                                  : "\0\0\0\0"s) +
                    references);
    const auto build = [&](std::uint64_t shift) {
        std::string body = slice(file, box->body, box->body + 4);
        for (std::size_t at = box->body + 4; at < box->to;) {
            const auto part = boxAt(file, at, box->to);
            if (!part) break;
            if (part->kind == "iloc")
                body += placesBox(meta->items, shift, box->to);
            else if (part->kind == "iinf")
                body += nameBox;
            else if (part->kind != "iref")
                body += slice(file, part->from, part->to);
            at = part->to;
        }
        return wrapped("meta", body + referenceBox);
    };
    const std::uint64_t shift = build(0).size() - (box->to - box->from);
    return slice(file, 0, box->from) + build(shift) + file.substr(box->to) + wrapped("mdat", data);
}

}  // namespace acuity::codec
