#include "codec/containers.h"

#include <array>
#include <cmath>
#include <cstdint>

#include "codec/xmp.h"

namespace acuity::codec {
namespace {

using namespace std::string_literals;

std::string big(std::uint64_t value, int count) {
    std::string out;
    for (int i = count - 1; i >= 0; --i) out += static_cast<char>(value >> 8 * i);
    return out;
}

std::string little(std::uint64_t value, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += static_cast<char>(value >> 8 * i);
    return out;
}

std::uint64_t number(const std::string& bytes, std::size_t at, int count, bool bigEndian) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
        const std::size_t place = at + static_cast<std::size_t>(bigEndian ? i : count - 1 - i);
        value = value << 8 | (place < bytes.size() ? static_cast<unsigned char>(bytes[place]) : 0u);
    }
    return value;
}

std::string segment(unsigned char marker, const std::string& payload) {
    return "\xff"s + static_cast<char>(marker) + big(payload.size() + 2, 2) + payload;
}

std::string jfif(const Metadata& metadata) {
    const bool known = metadata.dpiX > 0 && metadata.dpiY > 0;
    const auto density = [&](double dpi) {
        return big(known ? static_cast<std::uint64_t>(std::min(65535.0, std::round(dpi))) : 1, 2);
    };
    return segment(0xe0, "JFIF\0\1\2"s + static_cast<char>(known) + density(metadata.dpiX) +
                             density(metadata.dpiY) + "\0\0"s);
}

std::string iccSegments(const std::string& icc) {
    constexpr std::size_t most = 65519;
    const std::size_t parts = (icc.size() + most - 1) / most;
    std::string out;
    if (parts > 255) return out;
    for (std::size_t i = 0; i < parts; ++i)
        out += segment(0xe2, "ICC_PROFILE\0"s + static_cast<char>(i + 1) +
                                 static_cast<char>(parts) + icc.substr(i * most, most));
    return out;
}

std::uint32_t crc(const std::string& bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> t{};
        for (std::uint32_t n = 0; n < 256; ++n) {
            std::uint32_t c = n;
            for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
            t[n] = c;
        }
        return t;
    }();
    std::uint32_t c = ~0u;
    for (unsigned char b : bytes) c = table[(c ^ b) & 255] ^ c >> 8;
    return ~c;
}

std::string pngChunk(const std::string& kind, const std::string& data) {
    return big(data.size(), 4) + kind + data + big(crc(kind + data), 4);
}

std::string riffChunk(const std::string& kind, const std::string& data) {
    return kind + little(data.size(), 4) + data + (data.size() % 2 ? "\0"s : ""s);
}

std::string box(const std::string& kind, const std::string& data) {
    return big(data.size() + 8, 4) + kind + data;
}

const std::string kJxlSignature = "\0\0\0\x0cJXL \r\n\x87\n"s;

}  // namespace

std::string jpegWith(const std::string& head, const Metadata& metadata) {
    std::size_t at = 2;
    while (at + 4 <= head.size() && head[at] == '\xff') {
        const auto marker = static_cast<unsigned char>(head[at + 1]);
        if (marker != 0xe0 && marker != 0xe1 && marker != 0xe2 && marker != 0xed) break;
        at += 2 + number(head, at + 2, 2, true);
    }
    if (head.size() < 2 || at > head.size()) return head;
    std::string out = head.substr(0, 2) + jfif(metadata);
    if (!metadata.exif.empty() && metadata.exif.size() <= kJpegExifMost)
        out += segment(0xe1, "Exif\0\0"s + metadata.exif);
    if (!metadata.xmp.empty() && metadata.xmp.size() <= kJpegXmpMost)
        out += segment(0xe1, "http://ns.adobe.com/xap/1.0/\0"s + metadata.xmp);
    if (!metadata.iptc.empty() && metadata.iptc.size() < 65000)
        out += segment(0xed, photoshopOfIptc(metadata.iptc));
    return out + iccSegments(metadata.icc) + head.substr(at);
}

std::string pngWith(const std::string& head, const Metadata& metadata) {
    constexpr std::size_t afterHeader = 8 + 25;
    if (head.size() < afterHeader) return head;
    std::string out = head.substr(0, afterHeader);
    if (metadata.dpiX > 0 && metadata.dpiY > 0) {
        const auto perMetre = [](double dpi) {
            return big(static_cast<std::uint64_t>(std::llround(dpi / 0.0254)), 4);
        };
        out += pngChunk("pHYs", perMetre(metadata.dpiX) + perMetre(metadata.dpiY) + "\1"s);
    }
    if (!metadata.exif.empty()) out += pngChunk("eXIf", metadata.exif);
    // What the encoder wrote stays, except the two kinds above.
    for (std::size_t at = afterHeader; at < head.size();) {
        const std::uint64_t size = number(head, at, 4, true) + 12;
        const std::string kind = at + 8 <= head.size() ? head.substr(at + 4, 4) : "IDAT";
        if (kind == "IDAT" || size > head.size() - at) return out + head.substr(at);
        if (kind != "pHYs" && kind != "eXIf") out += head.substr(at, size);
        at += size;
    }
    return out;
}

std::string webpWith(const std::string& file, const Metadata& metadata, int width, int height,
                     bool alpha) {
    if (file.size() < 20 || file.compare(0, 4, "RIFF") != 0) return file;
    unsigned flags = alpha ? 0x10 : 0;
    std::string pixels;
    for (std::size_t at = 12; at + 8 <= file.size();) {
        const std::string kind = file.substr(at, 4);
        const std::uint64_t size = number(file, at + 4, 4, false);
        const std::uint64_t whole = 8 + size + size % 2;
        if (kind == "VP8X")
            flags |= static_cast<unsigned>(number(file, at + 8, 1, false)) & 0x12;
        else if (kind != "ICCP" && kind != "EXIF" && kind != "XMP ")
            pixels += file.substr(at, whole);
        if (whole > file.size() - at) break;
        at += whole;
    }
    if (!metadata.icc.empty()) flags |= 0x20;
    if (!metadata.exif.empty()) flags |= 0x08;
    if (!metadata.xmp.empty()) flags |= 0x04;
    std::string body = "WEBP";
    if (flags & 0x2e)
        body +=
            riffChunk("VP8X", little(flags, 4) + little(static_cast<std::uint64_t>(width - 1), 3) +
                                  little(static_cast<std::uint64_t>(height - 1), 3));
    else if (pixels.rfind("ALPH", 0) == 0)
        body +=
            riffChunk("VP8X", little(0x10, 4) + little(static_cast<std::uint64_t>(width - 1), 3) +
                                  little(static_cast<std::uint64_t>(height - 1), 3));
    if (!metadata.icc.empty()) body += riffChunk("ICCP", metadata.icc);
    body += pixels;
    if (!metadata.exif.empty()) body += riffChunk("EXIF", metadata.exif);
    if (!metadata.xmp.empty()) body += riffChunk("XMP ", metadata.xmp);
    return "RIFF" + little(body.size(), 4) + body;
}

std::string jxlWith(const std::string& head, const Metadata& metadata) {
    std::string boxes;
    if (!metadata.exif.empty()) boxes += box("Exif", big(0, 4) + metadata.exif);
    if (!metadata.xmp.empty()) boxes += box("xml ", metadata.xmp);
    if (boxes.empty()) return head;
    if (head.rfind("\xff\x0a", 0) == 0)  // a bare codestream: it becomes the last box, open-ended
        return kJxlSignature + box("ftyp", "jxl \0\0\0\0jxl "s) + boxes + big(0, 4) + "jxlc" + head;
    if (head.rfind(kJxlSignature, 0) != 0) return head;
    std::size_t at = kJxlSignature.size();
    while (at + 8 <= head.size()) {
        const std::string kind = head.substr(at + 4, 4);
        const std::uint64_t size = number(head, at, 4, true);
        if ((kind != "ftyp" && kind != "jxll") || size < 8 || size > head.size() - at) break;
        at += size;
    }
    return head.substr(0, at) + boxes + head.substr(at);
}

std::string gifWith(const std::string& head, const Metadata& metadata) {
    if (metadata.xmp.empty() || head.size() < 13) return head;
    const auto packed = static_cast<unsigned char>(head[10]);
    const std::size_t at = 13 + (packed & 0x80 ? std::size_t{3} << ((packed & 7) + 1) : 0);
    if (at > head.size() || metadata.xmp.find('\0') != std::string::npos) return head;
    // Readers of sub-blocks find their way out through the ladder at the end.
    std::string ladder = "\1"s;
    for (int i = 255; i >= 0; --i) ladder += static_cast<char>(i);
    return head.substr(0, at) + "\x21\xff\x0bXMP DataXMP"s + metadata.xmp + ladder + "\0"s +
           head.substr(at);
}

}  // namespace acuity::codec
