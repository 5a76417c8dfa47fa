#include "codec/provenance.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>

#include "codec/xmp.h"

namespace acuity::codec {
namespace {

// Names of our own have no web address to stand for them.
const std::string kNamespaces =
    "xmlns:acuity=\"urn:acuity:provenance:1\" "
    "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" "
    "xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"";
const std::string kSourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/";
constexpr std::size_t kMostSteps = 100;

std::string element(const std::string& name, const std::string& text) {
    return "<" + name + ">" + xmlEscaped(text) + "</" + name + ">";
}

// Types that say a machine made up more than an enlargement does.
bool saysMore(const std::string& type) {
    for (const char* stronger : {"rainedAlgorithmicMedia", "/algorithmicMedia"})
        if (type.find(stronger) != std::string::npos) return true;
    return false;
}

void removeOwn(std::string& xmp) {
    const std::string opening = "<rdf:Description rdf:about=\"\" " + kNamespaces + ">";
    const std::string closing = "</rdf:Description>";
    for (auto at = xmp.find(opening); at != std::string::npos; at = xmp.find(opening, at)) {
        const auto end = xmp.find(closing, at);
        if (end == std::string::npos) break;
        xmp.erase(at, end + closing.size() - at);
    }
    // A program that wrote the packet anew may have put it elsewhere.
    for (const char* name : {"acuity:Software", "acuity:Factor", "acuity:Width", "acuity:Height",
                             "acuity:Reduction", "acuity:Steps"})
        removeXmpElement(xmp, name);
}

}  // namespace

std::optional<Provenance> provenanceOf(const std::string& xmp) {
    const std::string factor = xmpValue(xmp, "acuity:Factor");
    const auto from = xmp.find("<acuity:Steps>"), to = xmp.find("</acuity:Steps>");
    if (factor.empty() && from == std::string::npos) return std::nullopt;
    Provenance found;
    found.factor = factor.empty() ? 0 : std::strtod(factor.c_str(), nullptr);
    if (!factor.empty() && (!(found.factor > 0) || !std::isfinite(found.factor)))
        return std::nullopt;
    found.width = std::atoi(xmpValue(xmp, "acuity:Width").c_str());
    found.height = std::atoi(xmpValue(xmp, "acuity:Height").c_str());
    found.reduction = xmpValue(xmp, "acuity:Reduction");
    if (from == std::string::npos || to == std::string::npos || to < from) return found;
    const std::string list = xmp.substr(from, to - from), open = "<rdf:li>";
    for (auto at = list.find(open); at != std::string::npos && found.steps.size() < kMostSteps;
         at = list.find(open, at + 1)) {
        const auto start = at + open.size(), end = list.find("</rdf:li>", start);
        if (end != std::string::npos)
            found.steps.push_back(xmlUnescaped(list.substr(start, end - start)));
    }
    return found;
}

std::string withProvenance(std::string xmp, const Provenance& provenance,
                           const std::string& software) {
    const std::string typeName = "Iptc4xmpExt:DigitalSourceType";
    std::string type = xmpValue(xmp, typeName);
    if (!saysMore(type)) type = kSourceTypes + "algorithmicallyEnhanced";
    removeOwn(xmp);
    std::string steps;
    for (const std::string& step : provenance.steps) steps += element("rdf:li", step);
    std::string elements =
        element("acuity:Software", software) +
        // Without it there is nothing to go back to: the picture counts as any other.
        (provenance.factor > 0 ? element("acuity:Factor", fmt::format("{:.6g}", provenance.factor))
                               : std::string()) +
        element("acuity:Width", std::to_string(provenance.width)) +
        element("acuity:Height", std::to_string(provenance.height)) +
        (provenance.reduction.empty() ? std::string()
                                      : element("acuity:Reduction", provenance.reduction)) +
        "<acuity:Steps><rdf:Seq>" + steps + "</rdf:Seq></acuity:Steps>";
    const std::pair<std::string, std::string> shared[] = {{typeName, type},
                                                          {"xmp:MetadataDate", timestamp()}};
    for (const auto& [name, value] : shared) {
        if (xmpValue(xmp, name).empty())
            elements += element(name, value);
        else
            setXmpValue(xmp, name, value);  // where somebody else's description has it
    }
    return withDescription(std::move(xmp), kNamespaces, elements);
}

std::string timestamp() {
    std::time_t now = std::time(nullptr);
    if (const char* fixed = std::getenv("SOURCE_DATE_EPOCH")) {
        char* end = nullptr;
        const long long seconds = std::strtoll(fixed, &end, 10);
        if (*fixed && !*end) now = static_cast<std::time_t>(seconds);
    }
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

}  // namespace acuity::codec
