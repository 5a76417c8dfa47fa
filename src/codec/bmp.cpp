#include "codec/bmp.h"

#include <bit>

#include "base/error.h"
#include "base/files.h"

namespace acuity::codec {
namespace {

using Bytes = std::string;

std::uint32_t little(const Bytes& bytes, std::size_t offset, int count) {
    std::uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i) {
        const std::size_t place = offset + static_cast<std::size_t>(i);
        value = value << 8 | (place < bytes.size() ? static_cast<unsigned char>(bytes[place]) : 0u);
    }
    return value;
}

[[noreturn]] void damaged(const Source& source, const std::string& what) {
    throw Error(Kind::input, source.shown + " is damaged: its BMP header " + what);
}

// What a mask selects, stretched to 0-255.
struct Channel {
    std::uint32_t mask;
    int shift;
    std::uint32_t top;

    explicit Channel(std::uint32_t m)
        : mask(m), shift(m ? std::countr_zero(m) : 0), top(m >> shift) {}
    unsigned char of(std::uint32_t pixel) const {
        return top ? static_cast<unsigned char>(((pixel & mask) >> shift) * 255.0 / top + 0.5) : 0;
    }
};

struct Colour {
    unsigned char rgb[3] = {0, 0, 0};
};

std::vector<Colour> palette(const Bytes& file, const BmpFacts& facts) {
    std::vector<Colour> colours(std::size_t{1} << facts.bits);
    const std::size_t step = facts.core ? 3 : 4;
    const std::size_t start = 14 + facts.headerSize;
    for (std::size_t i = 0; i < colours.size() && i < facts.colours; ++i)
        for (std::size_t c = 0; c < 3; ++c) {
            const std::size_t place = start + i * step + 2 - c;
            if (place < file.size()) colours[i].rgb[c] = static_cast<unsigned char>(file[place]);
        }
    return colours;
}

bool grey(const std::vector<Colour>& colours) {
    for (const Colour& c : colours)
        if (c.rgb[0] != c.rgb[1] || c.rgb[1] != c.rgb[2]) return false;
    return true;
}

void indexedRow(const unsigned char* in, unsigned char* out, const BmpFacts& facts, int bands,
                const std::vector<Colour>& colours) {
    const unsigned mask = (1u << facts.bits) - 1;
    for (std::uint32_t x = 0; x < facts.width; ++x) {
        const std::uint64_t bit = std::uint64_t{x} * facts.bits;
        const unsigned index = in[bit / 8] >> (8 - facts.bits - bit % 8) & mask;
        for (int b = 0; b < bands; ++b) *out++ = colours[index].rgb[b];
    }
}

void directRow(const unsigned char* in, unsigned char* out, const BmpFacts& facts, int bands) {
    const Channel channels[4] = {Channel(facts.masks[0]), Channel(facts.masks[1]),
                                 Channel(facts.masks[2]), Channel(facts.masks[3])};
    const std::uint32_t step = facts.bits / 8;
    for (std::uint32_t x = 0; x < facts.width; ++x, in += step) {
        std::uint32_t pixel = 0;
        for (std::uint32_t i = step; i-- > 0;) pixel = pixel << 8 | in[i];
        for (int b = 0; b < bands; ++b) *out++ = channels[b].of(pixel);
    }
}

void readMasks(const Bytes& head, BmpFacts& facts) {
    const std::uint32_t standard[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    for (int i = 0; i < 3; ++i) facts.masks[i] = standard[facts.bits != 16][i];
    if (!facts.bitFields) return;
    for (int i = 0; i < 4; ++i)
        if (i < 3 || facts.headerSize >= 56)
            facts.masks[i] = little(head, 54 + 4 * static_cast<std::size_t>(i), 4);
}

void check(const Source& source, const BmpFacts& facts, std::uint32_t compression) {
    const auto b = facts.bits;
    if (facts.width == 0 || facts.height == 0 || facts.width > 1u << 30 || facts.height > 1u << 30)
        damaged(source, "declares no usable size");
    if (compression != 0 && !facts.bitFields)
        throw Error(Kind::input,
                    source.shown + " is a compressed BMP, which is not read; convert it to PNG");
    if (b != 1 && b != 2 && b != 4 && b != 8 && b != 16 && b != 24 && b != 32)
        damaged(source, "declares an impossible number of bits");
    if (facts.bitFields && b != 16 && b != 32) damaged(source, "contradicts itself");
}

}  // namespace

BmpFacts readBmpHeader(const Source& source) {
    const Bytes& head = source.head;
    BmpFacts facts;
    facts.pixelOffset = little(head, 10, 4);
    facts.headerSize = little(head, 14, 4);
    facts.core = facts.headerSize == 12;
    if (head.size() < 14 + std::size_t{facts.headerSize}) damaged(source, "is cut off");
    std::uint32_t compression = 0;
    if (facts.core) {
        facts.width = little(head, 18, 2);
        facts.height = little(head, 20, 2);
        facts.bits = little(head, 24, 2);
    } else {
        facts.width = little(head, 18, 4);
        facts.height = little(head, 22, 4);
        facts.topDown = facts.height >> 31;
        if (facts.topDown) facts.height = 0u - facts.height;
        facts.bits = little(head, 28, 2);
        compression = little(head, 30, 4);
        facts.bitFields = compression == 3 || compression == 6;
        facts.dpiX = little(head, 38, 4) * 0.0254;
        facts.dpiY = little(head, 42, 4) * 0.0254;
        facts.colours = little(head, 46, 4);
    }
    check(source, facts, compression);
    readMasks(head, facts);
    const std::uint32_t most = facts.bits <= 8 ? 1u << facts.bits : 0;
    if (facts.colours == 0 || facts.colours > most) facts.colours = most;
    return facts;
}

vips::VImage readBmp(const Source& source, const BmpFacts& facts, bool salvage) {
    const Bytes file = readFile(source.path);
    const std::uint64_t stride = (std::uint64_t{facts.width} * facts.bits + 31) / 32 * 4;
    const bool whole = facts.pixelOffset <= file.size() &&
                       stride * facts.height <= file.size() - facts.pixelOffset;
    if (!whole && !salvage)
        throw Error(Kind::input, source.shown +
                                     " is damaged: the file ends before its picture "
                                     "does; --salvage takes what is left");
    const bool indexed = facts.bits <= 8;
    std::vector<Colour> colours;
    if (indexed) colours = palette(file, facts);
    const int bands = indexed && grey(colours) ? 1 : facts.masks[3] && !indexed ? 4 : 3;
    const std::size_t rowSize = std::size_t{facts.width} * static_cast<std::size_t>(bands);
    const std::size_t size = rowSize * facts.height;
    auto* pixels = static_cast<unsigned char*>(g_try_malloc0(size));
    if (!pixels) throw Error(Kind::input, source.shown + " is too large for this machine's memory");
    for (std::uint32_t y = 0; y < facts.height; ++y) {
        const std::uint64_t from = facts.pixelOffset + stride * y;
        if (from > file.size() || file.size() - from < stride) break;
        const auto* in = reinterpret_cast<const unsigned char*>(file.data()) + from;
        auto* out = pixels + rowSize * (facts.topDown ? y : facts.height - 1 - y);
        if (indexed)
            indexedRow(in, out, facts, bands, colours);
        else
            directRow(in, out, facts, bands);
    }
    vips::VImage image = vips::VImage::new_from_memory_steal(
        pixels, size, static_cast<int>(facts.width), static_cast<int>(facts.height), bands,
        VIPS_FORMAT_UCHAR);
    return image.copy(vips::VImage::option()->set(
        "interpretation", bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB));
}

}  // namespace acuity::codec
