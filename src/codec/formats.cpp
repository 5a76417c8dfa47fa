#include "codec/formats.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "codec/sniff.h"

namespace acuity::codec {
namespace {

// format, name, extensions, writable, alpha, deep, frames, longest side, streams
constexpr std::array<FormatFacts, 12> kFormats{{
    {Format::jpeg, "jpg", "jpg jpeg jpe jfif", true, false, false, false, 65500, true},
    {Format::png, "png", "png", true, true, true, false, 0, true},
    {Format::webp, "webp", "webp", true, true, false, true, 16383, false},
    {Format::tiff, "tiff", "tif tiff", true, true, true, true, 0, true},
    {Format::avif, "avif", "avif", true, true, true, false, 16384, false},
    {Format::heic, "heic", "heic heif", false, true, true, false, 0, false},
    {Format::jxl, "jxl", "jxl", true, true, true, false, 0, false},
    {Format::gif, "gif", "gif", true, true, false, true, 65535, false},
    {Format::bmp, "bmp", "bmp dib", false, true, false, false, 0, false},
    {Format::ppm, "ppm", "ppm pgm pnm pbm pfm", true, false, true, false, 0, true},
    {Format::exr, "exr", "exr", false, true, true, false, 0, false},
    {Format::dz, "dz", "dzi dz zip", true, true, false, false, 0, true},
}};

std::string lowerExtension(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
    std::string out(name);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool listed(std::string_view list, std::string_view word) {
    if (word.empty() || word.find(' ') != std::string_view::npos) return false;
    for (auto at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
        const bool begins = at == 0 || list[at - 1] == ' ';
        const auto end = at + word.size();
        if (begins && (end == list.size() || list[end] == ' ')) return true;
    }
    return false;
}

}  // namespace

const FormatFacts& facts(Format format) {
    return *std::find_if(kFormats.begin(), kFormats.end(),
                         [&](const FormatFacts& f) { return f.format == format; });
}

std::string extension(Format format) {
    const std::string all = facts(format).extensions;
    return all.substr(0, all.find(' '));
}

std::optional<Format> formatOfName(std::string_view nameOrExtension) {
    const std::string word = lowerExtension(nameOrExtension);
    for (const FormatFacts& f : kFormats)
        if (word == f.name || listed(f.extensions, word)) return f.format;
    return std::nullopt;
}

bool writableName(std::string_view name) {
    const std::string word = lowerExtension(name);
    const auto format = formatOfName(name);
    return format && facts(*format).writable && word != "pbm" && word != "pfm";
}

}  // namespace acuity::codec
