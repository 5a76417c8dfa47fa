#include "api/variants.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "api/option_table.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::api {
namespace {

constexpr std::size_t kMostVariants = 64;

/// What a session takes from its options; all else may differ from picture to picture.
const std::set<std::string> kOfSession = {"model", "model-option", "engine", "device", "precision",
                                          "tile",  "threads",      "memory", "tta"};

/// Results must have one size, and where they go has no place in a comparison.
bool comparable(const Option& option) {
    const std::string group = option.group, name = option.name;
    return group != "Files" && group != "Size" && name != "dry-run";
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find(separator, from), text.size());
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

/// Flags are written without a value on the command line, and here as "tta=on,off".
void checkName(const std::string& name) {
    for (const Option& option : optionTable())
        if (option.name == name && comparable(option)) return;
    throw Error(Kind::usage, "--try: " + inQuotes(name) + " is nothing that can be compared");
}

std::string labelOf(const Variant& variant) {
    std::string label;
    for (const auto& [name, value] : variant.settings)
        // Of a model's path only the name, which is what tells it from others.
        label += (label.empty() ? "" : ", ") + name + " " +
                 (name == "model" ? std::filesystem::path(value).stem().string() : value);
    return label;
}

}  // namespace

std::vector<Variant> classicVariants() {
    return {{"directly", {{"prescale", "off"}, {"passes", "auto"}}},
            {"in two steps", {{"prescale", "off"}, {"passes", "2"}}},
            {"halved first", {{"prescale", "50%"}, {"passes", "auto"}}},
            {"halved first, in two steps", {{"prescale", "50%"}, {"passes", "2"}}}};
}

std::vector<Variant> grid(const std::string& text) {
    std::vector<Variant> variants(1);
    for (const std::string& part : split(text, ';')) {
        if (trimmed(part).empty()) continue;
        const auto equals = part.find('=');
        if (equals == std::string::npos)
            throw Error(Kind::usage, "--try: write it as 'prescale=100,50;passes=1,2'");
        const std::string name = trimmed(part.substr(0, equals));
        checkName(name);
        std::vector<Variant> more;
        for (const Variant& variant : variants)
            for (const std::string& value : split(part.substr(equals + 1), ',')) {
                more.push_back(variant);
                more.back().settings.emplace_back(name, trimmed(value));
            }
        variants = std::move(more);
        if (variants.size() > kMostVariants)
            throw Error(Kind::usage, "--try: these are more than 64 variants");
    }
    if (variants.front().settings.empty())
        throw Error(Kind::usage, "--try: it names nothing to try");
    for (Variant& variant : variants) {
        with({}, variant);  // complains now, not after minutes of work
        variant.label = labelOf(variant);
    }
    return variants;
}

pipeline::Options with(pipeline::Options options, const Variant& variant) {
    for (const auto& [name, value] : variant.settings) setOption(options, name, value);
    return options;
}

std::string sessionKey(const Variant& variant) {
    std::string key;
    for (const auto& [name, value] : variant.settings)
        if (kOfSession.count(name)) key += name + "=" + value + "\n";
    return key;
}

}  // namespace acuity::api
