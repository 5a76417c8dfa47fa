#include "codec/xmp.h"

#include <cmath>
#include <map>
#include <string_view>
#include <vector>

namespace acuity::codec {
namespace {

using namespace std::string_literals;

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// name="old" and name='old'
void replaceAttribute(std::string& xmp, const std::string& name, const std::string& value) {
    for (auto at = xmp.find(name); at != std::string::npos; at = xmp.find(name, at + 1)) {
        auto from = at + name.size();
        while (from < xmp.size() && blank(xmp[from])) ++from;
        if (from >= xmp.size() || xmp[from] != '=' || at == 0 || !blank(xmp[at - 1])) continue;
        ++from;
        while (from < xmp.size() && blank(xmp[from])) ++from;
        if (from >= xmp.size() || (xmp[from] != '"' && xmp[from] != '\'')) continue;
        const auto to = xmp.find(xmp[from], from + 1);
        if (to == std::string::npos) return;
        xmp.replace(from + 1, to - from - 1, value);
    }
}

// <name>old</name>
void replaceElement(std::string& xmp, const std::string& name, const std::string& value) {
    const std::string open = "<" + name + ">", close = "</" + name + ">";
    for (auto at = xmp.find(open); at != std::string::npos; at = xmp.find(open, at + 1)) {
        const auto from = at + open.size(), to = xmp.find(close, from);
        if (to == std::string::npos) return;
        xmp.replace(from, to - from, value);
    }
}

void replace(std::string& xmp, const std::string& name, const std::string& value) {
    replaceAttribute(xmp, name, value);
    replaceElement(xmp, name, value);
}

std::string ratio(double value) {
    const bool whole = value == std::round(value);
    return std::to_string(std::lround(whole ? value : value * 1000)) + (whole ? "/1" : "/1000");
}

bool validUtf8(const std::string& text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const std::size_t more = c < 0x80       ? 0
                                 : c >> 5 == 6  ? 1
                                 : c >> 4 == 14 ? 2
                                 : c >> 3 == 30 ? 3
                                                : 9;
        if (more == 9 || i + more >= text.size()) return false;
        for (std::size_t k = 1; k <= more; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
        i += more + 1;
    }
    return true;
}

// Data sets of the application record: number -> values.
std::map<int, std::vector<std::string>> dataSets(const std::string& iptc) {
    std::map<int, std::vector<std::string>> found;
    for (std::size_t at = 0; at + 5 <= iptc.size() && iptc[at] == 0x1c;) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(iptc[at + i]); };
        const std::size_t size = std::size_t{byte(3)} << 8 | byte(4);
        if (size > 0x7fff || at + 5 + size > iptc.size()) break;
        if (byte(1) == 2) found[byte(2)].push_back(iptc.substr(at + 5, size));
        at += 5 + size;
    }
    return found;
}

struct Property {
    int dataSet;
    const char* name;
    const char* container;  // "", "Alt", "Seq" or "Bag"
};

constexpr Property kProperties[] = {
    {5, "dc:title", "Alt"},
    {25, "dc:subject", "Bag"},
    {40, "photoshop:Instructions", ""},
    {55, "photoshop:DateCreated", ""},
    {80, "dc:creator", "Seq"},
    {85, "photoshop:AuthorsPosition", ""},
    {90, "photoshop:City", ""},
    {95, "photoshop:State", ""},
    {101, "photoshop:Country", ""},
    {103, "photoshop:TransmissionReference", ""},
    {105, "photoshop:Headline", ""},
    {110, "photoshop:Credit", ""},
    {115, "photoshop:Source", ""},
    {116, "dc:rights", "Alt"},
    {120, "dc:description", "Alt"},
    {122, "photoshop:CaptionWriter", ""},
};

std::string element(const Property& property, const std::vector<std::string>& values) {
    const std::string name = property.name, container = property.container;
    if (container.empty()) {
        std::string text = values.front();
        if (property.dataSet == 55 && text.size() == 8)  // CCYYMMDD
            text = text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6);
        return "<" + name + ">" + xmlEscaped(text) + "</" + name + ">";
    }
    const std::string item = container == "Alt" ? "<rdf:li xml:lang=\"x-default\">" : "<rdf:li>";
    std::string out = "<" + name + "><rdf:" + container + ">";
    for (const std::string& value : values) {
        out += item + xmlEscaped(value) + "</rdf:li>";
        if (container == "Alt") break;
    }
    return out + "</rdf:" + container + "></" + name + ">";
}

const std::string kEmptyPacket =
    "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
    "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"></rdf:RDF></x:xmpmeta>"
    "<?xpacket end=\"w\"?>";

}  // namespace

std::string correctedXmp(std::string xmp, int width, int height, double dpiX, double dpiY) {
    replace(xmp, "tiff:Orientation", "1");
    for (const char* name : {"tiff:ImageWidth", "exif:PixelXDimension"})
        replace(xmp, name, std::to_string(width));
    for (const char* name : {"tiff:ImageLength", "exif:PixelYDimension"})
        replace(xmp, name, std::to_string(height));
    if (dpiX > 0 && dpiY > 0) {
        replace(xmp, "tiff:XResolution", ratio(dpiX));
        replace(xmp, "tiff:YResolution", ratio(dpiY));
        replace(xmp, "tiff:ResolutionUnit", "2");
    }
    for (const char* name : {"xmp:Thumbnails", "xap:Thumbnails"}) removeXmpElement(xmp, name);
    return xmp;
}

std::string withIptc(std::string xmp, const std::string& iptc) {
    const auto sets = dataSets(iptc);
    std::string added;
    for (const Property& property : kProperties) {
        const auto found = sets.find(property.dataSet);
        if (found == sets.end() || xmp.find(property.name) != std::string::npos) continue;
        added += element(property, found->second);
    }
    if (added.empty()) return xmp;
    return withDescription(std::move(xmp),
                           "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
                           "xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\"",
                           added);
}

std::string withDescription(std::string xmp, const std::string& namespaces,
                            const std::string& elements) {
    if (xmp.empty()) xmp = kEmptyPacket;
    const auto end = xmp.rfind("</rdf:RDF>");
    if (end == std::string::npos) return xmp;
    return xmp.insert(end, "<rdf:Description rdf:about=\"\" " + namespaces + ">" + elements +
                               "</rdf:Description>");
}

void setXmpValue(std::string& xmp, const std::string& name, const std::string& value) {
    replace(xmp, name, xmlEscaped(value));
}

std::string xmpValue(const std::string& xmp, const std::string& name) {
    const std::string open = "<" + name + ">";
    auto from = xmp.find(open);
    char closing = '<';
    if (from == std::string::npos) {
        from = xmp.find(name + "=\"");
        closing = '"';
        if (from == std::string::npos) return "";
        from += name.size() + 2;
    } else {
        from += open.size();
    }
    const auto to = xmp.find(closing, from);
    return to == std::string::npos ? "" : xmlUnescaped(xmp.substr(from, to - from));
}

void removeXmpElement(std::string& xmp, const std::string& name) {
    for (auto at = xmp.find("<" + name); at != std::string::npos; at = xmp.find("<" + name, at)) {
        const std::string close = "</" + name + ">";
        const auto to = xmp.find(close, at);
        if (to == std::string::npos) return;
        xmp.erase(at, to + close.size() - at);
    }
}

// IPTC that is not UTF-8 is read as Latin-1; XML takes no control characters.
std::string xmlEscaped(const std::string& text) {
    const bool utf8 = validUtf8(text);
    std::string out;
    for (unsigned char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c < 0x20 && c != '\n' && c != '\t')
            out += ' ';
        else if (c < 0x80 || utf8)
            out += static_cast<char>(c);
        else {
            out += static_cast<char>(0xc0 | c >> 6);
            out += static_cast<char>(0x80 | (c & 0x3f));
        }
    }
    return out;
}

std::string xmlUnescaped(std::string text) {
    static constexpr std::pair<const char*, const char*> kNames[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
    for (const auto& [name, character] : kNames)
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
            text.replace(at, std::string_view(name).size(), character);
    return text;
}

std::string iptcOfPhotoshop(const std::string& resources) {
    std::size_t at = resources.rfind("Photoshop 3.0\0"s, 0) == 0 ? 14 : 0;
    const auto byte = [&](std::size_t i) {
        return std::size_t{static_cast<unsigned char>(resources[i])};
    };
    while (at + 12 <= resources.size() && resources.compare(at, 4, "8BIM") == 0) {
        const std::size_t id = byte(at + 4) << 8 | byte(at + 5);
        std::size_t name = byte(at + 6) + 1;  // a counted string, padded to even
        name += name % 2;
        const std::size_t sizeAt = at + 6 + name;
        if (sizeAt + 4 > resources.size()) break;
        const std::size_t size =
            byte(sizeAt) << 24 | byte(sizeAt + 1) << 16 | byte(sizeAt + 2) << 8 | byte(sizeAt + 3);
        if (size > resources.size() - sizeAt - 4) break;
        if (id == 0x0404) return resources.substr(sizeAt + 4, size);
        at = sizeAt + 4 + size + size % 2;
    }
    return "";
}

std::string photoshopOfIptc(const std::string& iptc) {
    std::string out = "Photoshop 3.0\0"s + "8BIM\x04\x04\0\0"s;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(iptc.size() >> shift);
    out += iptc;
    if (iptc.size() % 2) out += '\0';
    return out;
}

}  // namespace acuity::codec
