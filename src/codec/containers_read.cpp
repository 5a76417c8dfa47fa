// The reading half of containers.h.
#include <cstdint>
#include <cstdio>
#include <memory>

#include "codec/containers.h"

namespace acuity::codec {
namespace {

using namespace std::string_literals;

constexpr std::uint64_t kMost = 16 << 20;  // bytes of one block of metadata

struct Closer {
    void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, Closer>;

std::string bytesAt(FILE* file, std::uint64_t at, std::uint64_t count) {
    if (fseeko(file, static_cast<off_t>(at), SEEK_SET) != 0) return "";
    std::string out(std::min(count, kMost), '\0');
    out.resize(fread(out.data(), 1, out.size(), file));
    return out;
}

std::uint64_t number(const std::string& bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = at; i < at + count && i < bytes.size(); ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

}  // namespace

Metadata jxlMetadata(const std::string& path) {
    Metadata found;
    const File file(fopen(path.c_str(), "rb"));
    if (!file) return found;
    std::uint64_t at = 0;
    for (int boxes = 0; boxes < 1000; ++boxes) {
        const std::string head = bytesAt(file.get(), at, 16);
        if (head.size() < 8 || head[0] == '\xff') break;
        std::uint64_t size = number(head, 0, 4), start = 8;
        if (size == 1) {
            size = number(head, 8, 8);
            start = 16;
        }
        const std::string kind = head.substr(4, 4);
        const std::uint64_t length = size == 0 ? kMost : size - start;
        if (size != 0 && size < start) break;
        if (kind == "Exif") {
            const std::string box = bytesAt(file.get(), at + start, length);
            const std::uint64_t offset = 4 + number(box, 0, 4);
            if (offset < box.size()) found.exif = box.substr(offset);
        }
        if (kind == "xml " && found.xmp.empty())
            found.xmp = bytesAt(file.get(), at + start, length);
        if (size == 0 || size > UINT64_MAX / 2 || at + size > (std::uint64_t{1} << 50)) break;
        at += size;
    }
    return found;
}

std::string gifXmp(const std::string& path) {
    const File file(fopen(path.c_str(), "rb"));
    if (!file) return "";
    const std::string head = bytesAt(file.get(), 0, 1 << 20);
    const auto mark = head.find("\x21\xff\x0bXMP DataXMP"s);
    if (mark == std::string::npos) return "";
    const auto from = mark + 14, ladder = head.find("\1\xff\xfe\xfd"s, from);
    return ladder == std::string::npos ? "" : head.substr(from, ladder - from);
}

Metadata jpegResolution(const std::string& head) {
    Metadata found;
    if (head.size() < 18 || head.compare(2, 2, "\xff\xe0") != 0 ||
        head.compare(6, 5, "JFIF\0"s) != 0)
        return found;
    const double unit = head[13] == 1 ? 1 : head[13] == 2 ? 2.54 : 0;
    found.dpiX = unit * static_cast<double>(number(head, 14, 2));
    found.dpiY = unit * static_cast<double>(number(head, 16, 2));
    return found;
}

Metadata pngResolution(const std::string& path) {
    Metadata found;
    const File file(fopen(path.c_str(), "rb"));
    std::uint64_t at = 8;
    for (int chunks = 0; file && chunks < 1000; ++chunks) {
        const std::string head = bytesAt(file.get(), at, 17);
        if (head.size() < 17 || head.compare(4, 4, "IDAT") == 0) break;
        if (head.compare(4, 4, "pHYs") == 0 && bytesAt(file.get(), at + 16, 1) == "\1") {
            found.dpiX = static_cast<double>(number(head, 8, 4)) * 0.0254;
            found.dpiY = static_cast<double>(number(head, 12, 4)) * 0.0254;
        }
        at += number(head, 0, 4) + 12;
    }
    return found;
}

}  // namespace acuity::codec
