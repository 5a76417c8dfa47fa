#include "server/zip.h"

#include <zlib.h>

#include <cstdint>
#include <fstream>

namespace acuity::server {

namespace {

constexpr std::uint64_t kLarge = 0xffffffff;

void put(std::string& to, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) to += char(value >> (8 * i));
}

struct Written {
    std::string name;
    std::uint64_t size = 0, offset = 0;
    std::uint32_t crc = 0;
};

/// Sizes that do not fit into 32 bits stand in an extra field.
std::string extra(const Written& entry, bool withOffset) {
    std::string fields;
    put(fields, entry.size, 8);
    put(fields, entry.size, 8);
    if (withOffset) put(fields, entry.offset, 8);
    std::string all;
    put(all, 1, 2);
    put(all, fields.size(), 2);
    return all + fields;
}

/// What local header and directory share: version to extract, UTF-8 names, stored, the first day of
/// the format, checksum and sizes.
void putCommon(std::string& to, const Written& entry, bool large, std::size_t extraSize) {
    put(to, large ? 45 : 20, 2);
    put(to, 1 << 11, 2);
    put(to, 0, 2);
    put(to, 0, 2);
    put(to, 0x21, 2);
    put(to, entry.crc, 4);
    put(to, large ? kLarge : entry.size, 4);
    put(to, large ? kLarge : entry.size, 4);
    put(to, entry.name.size(), 2);
    put(to, extraSize, 2);
}

class Writer {
  public:
    explicit Writer(const std::function<bool(const char*, std::size_t)>& sink) : sink_(sink) {}

    bool add(const ZipEntry& entry) {
        std::ifstream file(entry.path, std::ios::binary);
        if (!file) return true;
        Written w{entry.name, 0, at_, 0};
        // Once for the checksum, which comes first, and once to send.
        each(file, [&](const char* bytes, std::size_t count) {
            w.crc = std::uint32_t(crc32(w.crc, reinterpret_cast<const Bytef*>(bytes), uInt(count)));
            w.size += count;
            return true;
        });
        const bool large = w.size >= kLarge;
        const std::string more = large ? extra(w, false) : "";
        std::string head;
        put(head, 0x04034b50, 4);
        putCommon(head, w, large, more.size());
        if (!send(head + w.name + more)) return false;
        file.clear();
        file.seekg(0);
        std::uint64_t left = w.size;
        const bool sent = each(file, [&](const char* bytes, std::size_t count) {
            const auto part = std::min<std::uint64_t>(count, left);
            left -= part;
            at_ += part;
            return sink_(bytes, std::size_t(part));
        });
        entries_.push_back(w);
        return sent && left == 0;
    }

    bool finish() {
        const std::uint64_t begin = at_;
        for (const Written& w : entries_) {
            const bool large = w.size >= kLarge || w.offset >= kLarge;
            const std::string more = large ? extra(w, true) : "";
            std::string head;
            put(head, 0x02014b50, 4);
            put(head, 45, 2);
            putCommon(head, w, large, more.size());
            put(head, 0, 2 + 2 + 2);  // no comment, first disk, no attributes
            put(head, 0, 4);
            put(head, large ? kLarge : w.offset, 4);
            if (!send(head + w.name + more)) return false;
        }
        return send(end(begin, at_ - begin));
    }

  private:
    template <class Take>
    static bool each(std::ifstream& file, Take take) {
        std::string buffer(256 << 10, '\0');
        while (file.read(buffer.data(), std::streamsize(buffer.size())) || file.gcount() > 0)
            if (!take(buffer.data(), std::size_t(file.gcount()))) return false;
        return true;
    }

    bool send(const std::string& bytes) {
        at_ += bytes.size();
        return sink_(bytes.data(), bytes.size());
    }

    std::string end(std::uint64_t begin, std::uint64_t size) const {
        const std::uint64_t count = entries_.size();
        const bool large = begin + size >= kLarge || count >= 0xffff;
        std::string tail;
        if (large) {
            put(tail, 0x06064b50, 4);
            put(tail, 44, 8);
            put(tail, 45, 2);
            put(tail, 45, 2);
            put(tail, 0, 4 + 4);
            for (const std::uint64_t value : {count, count, size, begin}) put(tail, value, 8);
            put(tail, 0x07064b50, 4);
            put(tail, 0, 4);
            put(tail, begin + size, 8);
            put(tail, 1, 4);
        }
        put(tail, 0x06054b50, 4);
        put(tail, 0, 2 + 2);
        put(tail, large ? 0xffff : count, 2);
        put(tail, large ? 0xffff : count, 2);
        put(tail, large ? kLarge : size, 4);
        put(tail, large ? kLarge : begin, 4);
        put(tail, 0, 2);
        return tail;
    }

    const std::function<bool(const char*, std::size_t)>& sink_;
    std::uint64_t at_ = 0;
    std::vector<Written> entries_;
};

}  // namespace

void writeZip(const std::vector<ZipEntry>& entries,
              const std::function<bool(const char*, std::size_t)>& sink) {
    Writer writer(sink);
    for (const ZipEntry& entry : entries)
        if (!writer.add(entry)) return;
    writer.finish();
}

}  // namespace acuity::server
