#include "weights/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "weights/tensor.h"

namespace acuity::weights {
namespace {

constexpr std::string_view kLocal = "PK\3\4", kCentral = "PK\1\2", kEnd = "PK\5\6",
                           kEnd64 = "PK\6\6", kLocator = "PK\6\7";
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56,
                      kLocatorSize = 20;
constexpr std::size_t kMostComment = 0xffff;
constexpr std::uint64_t kMostMembers = 200'000;
// Deflate shrinks to a 1032nd at best. Weights hardly shrink at all, but masks and indices among
// them do.
constexpr std::uint64_t kMostRatio = 1100, kUsualRatio = 16;
constexpr std::uint64_t kFreeInflated = 256 << 20, kMostInflated = 4ull << 30;

// The little-endian number of `size` bytes at `at`; the caller has checked that they are there.
std::uint64_t number(std::string_view bytes, std::size_t at, int size) {
    std::uint64_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

bool begins(std::string_view bytes, std::size_t at, std::string_view signature, std::size_t size) {
    return at <= bytes.size() && bytes.size() - at >= size &&
           bytes.substr(at, signature.size()) == signature;
}

struct Directory {
    std::uint64_t count, size, offset;
};

Directory findDirectory(std::string_view bytes) {
    if (bytes.size() < kEndSize) damaged("it is cut off");
    const std::size_t last = bytes.size() - kEndSize;
    const std::size_t first = last - std::min(last, kMostComment);
    std::size_t end = last;
    while (!begins(bytes, end, kEnd, kEndSize)) {
        if (end == first) damaged("the archive's directory is missing, as if it were cut off");
        --end;
    }
    const std::uint64_t disks = number(bytes, end + 4, 4);
    Directory found{number(bytes, end + 10, 2), number(bytes, end + 12, 4),
                    number(bytes, end + 16, 4)};
    const bool large =
        found.count == 0xffff || found.size == 0xffffffff || found.offset == 0xffffffff;
    if (large && end >= kLocatorSize && begins(bytes, end - kLocatorSize, kLocator, kLocatorSize)) {
        const std::uint64_t at = number(bytes, end - kLocatorSize + 8, 8);
        if (at > end || !begins(bytes, at, kEnd64, kEnd64Size))
            damaged("the archive's directory is missing");
        found = {number(bytes, at + 32, 8), number(bytes, at + 40, 8), number(bytes, at + 48, 8)};
    } else if (disks != 0) {
        throw Error(Kind::model, "it is one part of an archive in several files");
    }
    if (found.offset > end || found.size > end - found.offset)
        damaged("the archive's directory lies outside of it");
    if (found.count > found.size / kCentralSize) damaged("the archive's directory is cut off");
    if (found.count > kMostMembers)
        throw Error(Kind::model, "it is an archive of more files than a network can have");
    return found;
}

// Sizes and offset as they stand in a record of the directory; those that do not fit there are in
// its extra field, in this order.
struct Sizes {
    std::uint64_t size, packed, offset;
};

Sizes sizes(std::string_view record, std::string_view extra) {
    Sizes found{number(record, 24, 4), number(record, 20, 4), number(record, 42, 4)};
    constexpr std::size_t kHead = 4;
    constexpr std::uint64_t kZip64 = 1, kElsewhere = 0xffffffff;
    while (extra.size() >= kHead) {
        const std::uint64_t kind = number(extra, 0, 2), length = number(extra, 2, 2);
        if (length > extra.size() - kHead) break;
        std::string_view field = extra.substr(kHead, length);
        extra.remove_prefix(kHead + length);
        if (kind != kZip64) continue;
        for (std::uint64_t* value : {&found.size, &found.packed, &found.offset}) {
            if (*value != kElsewhere || field.size() < 8) continue;
            *value = number(field, 0, 8);
            field.remove_prefix(8);
        }
        break;
    }
    return found;
}

}  // namespace

bool Zip::is(std::string_view bytes) {
    return bytes.substr(0, kLocal.size()) == kLocal;
}

Zip::Zip(std::string_view bytes) : bytes_(bytes) {
    const Directory directory = findDirectory(bytes);
    std::string_view rest = bytes.substr(directory.offset, directory.size);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> taken;
    for (std::uint64_t i = 0; i < directory.count; ++i) {
        if (!begins(rest, 0, kCentral, kCentralSize)) damaged("the archive's directory is broken");
        const std::uint64_t nameSize = number(rest, 28, 2), extraSize = number(rest, 30, 2),
                            commentSize = number(rest, 32, 2);
        if (nameSize + extraSize + commentSize > rest.size() - kCentralSize)
            damaged("the archive's directory is cut off");
        const std::string name(rest.substr(kCentralSize, nameSize));
        const auto [size, packed, offset] =
            sizes(rest, rest.substr(kCentralSize + nameSize, extraSize));
        constexpr std::uint64_t kEncrypted = 0x2041;  // the old way, the strong way, the directory
        if (number(rest, 8, 2) & kEncrypted)
            throw Error(Kind::model, "its member " + inQuotes(name) + " is encrypted");

        if (offset > directory.offset || !begins(bytes, offset, kLocal, kLocalSize))
            damaged("its member " + inQuotes(name) + " is not where it should be");
        const std::uint64_t begin =
            offset + kLocalSize + number(bytes, offset + 26, 2) + number(bytes, offset + 28, 2);
        if (begin > directory.offset || packed > directory.offset - begin)
            damaged("its member " + inQuotes(name) + " lies outside of it");
        taken.emplace_back(offset, begin + packed);

        Member member{bytes.substr(begin, packed), size,
                      static_cast<std::uint32_t>(number(rest, 16, 4)),
                      static_cast<int>(number(rest, 10, 2))};
        const bool folder = !name.empty() && name.back() == '/' && size == 0;
        if (!folder && !members_.emplace(name, member).second)
            damaged("it has two members " + inQuotes(name));
        rest.remove_prefix(kCentralSize + nameSize + extraSize + commentSize);
    }
    std::sort(taken.begin(), taken.end());
    for (std::size_t i = 1; i < taken.size(); ++i)
        if (taken[i].first < taken[i - 1].second) damaged("its members overlap");
}

std::string_view Zip::read(const std::string& name) {
    const auto found = members_.find(name);
    if (found == members_.end()) damaged("its member " + inQuotes(name) + " is missing");
    Member& member = found->second;
    if (member.unpacked.data()) return member.unpacked;
    if (member.method != 0 && member.method != Z_DEFLATED)
        throw Error(Kind::model, "its member " + inQuotes(name) + " is packed by method " +
                                     std::to_string(member.method) +
                                     ", which Acuity does not read");
    if (member.method == 0 && member.size != member.packed.size())
        damaged("its member " + inQuotes(name) + " has two sizes");
    const std::string_view contents = member.method == 0 ? member.packed : inflate(member, name);
    const auto* data = reinterpret_cast<const unsigned char*>(contents.data());
    // PyTorch can be asked to leave checksums out.
    if (member.checksum != 0 && crc32_z(0, data, contents.size()) != member.checksum)
        damaged("the checksum of its member " + inQuotes(name) + " is wrong");
    return member.unpacked = contents;
}

std::string_view Zip::inflate(const Member& member, const std::string& name) {
    const std::uint64_t most =
        std::min(kMostInflated, kFreeInflated + kUsualRatio * std::uint64_t(bytes_.size()));
    if (member.size / kMostRatio > member.packed.size() ||
        member.size > most - std::min(most, inflatedBytes_))
        throw Error(Kind::model,
                    "it unpacks to far more than weights do (at " + inQuotes(name) + ")");
    inflatedBytes_ += member.size;
    std::string& out = inflated_.emplace_back(member.size, '\0');
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    // zlib counts in 32 bits.
    constexpr std::uint64_t kMostAtOnce = std::numeric_limits<uInt>::max();
    std::uint64_t read = 0, written = 0;
    int status = Z_OK;
    while (status == Z_OK) {
        const std::uint64_t in = std::min(kMostAtOnce, member.packed.size() - read);
        const std::uint64_t room = std::min(kMostAtOnce, out.size() - written);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(member.packed.data() + read));
        stream.avail_in = static_cast<uInt>(in);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
        stream.avail_out = static_cast<uInt>(room);
        status = ::inflate(&stream, Z_NO_FLUSH);
        read += in - stream.avail_in;
        written += room - stream.avail_out;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END || written != out.size())
        damaged("its member " + inQuotes(name) + " does not unpack");
    return out;
}

}  // namespace acuity::weights
