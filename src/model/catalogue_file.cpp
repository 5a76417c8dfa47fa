#include "model/catalogue_file.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "model/model.h"

namespace acuity::model {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::uint64_t kMostBytes = 4ull << 30;
constexpr std::array kEndings{".onnx", ".safetensors", ".pth", ".pt", ".param", ".bin", ".pb"};

bool isSha256(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// The ending of an address's path, query and fragment apart.
std::string endingOf(const std::string& url) {
    return fs::path(url.substr(0, url.find_first_of("?#"))).extension().string();
}

RemoteFile fileFrom(const json& object) {
    RemoteFile file;
    file.url = object.at("url");
    file.sha256 = object.at("sha256");
    file.bytes = object.at("bytes");
    file.ending = endingOf(file.url);
    if (!isSha256(file.sha256)) throw Error(Kind::model, "a checksum has not 64 digits");
    if (file.bytes == 0 || file.bytes > kMostBytes)
        throw Error(Kind::model, "a file has no size that a model can have");
    if (std::find(kEndings.begin(), kEndings.end(), file.ending) == kEndings.end())
        throw Error(Kind::model, "an address does not end like a model file");
    return file;
}

Entry entryFrom(const json& object) {
    Entry entry;
    entry.name = object.at("name");
    entry.licence = object.at("licence");
    entry.kind = object.value("kind", "");
    entry.author = object.value("author", "");
    entry.summary = object.value("summary", "");
    entry.homepage = object.value("homepage", "");
    entry.scale = object.value("scale", 0);
    entry.noncommercial = object.value("noncommercial", false);
    entry.options = object.value("options", architectures::Options());
    std::set<std::string> endings;
    for (const json& file : object.value("files", json::array())) {
        entry.files.push_back(fileFrom(file));
        if (!endings.insert(entry.files.back().ending).second)
            throw Error(Kind::model, "two of its files end alike");
    }
    return entry;
}

}  // namespace

std::vector<Entry> readCatalogue(const std::string& path) {
    const std::string file =
        path.empty() ? (fs::path(modelsFolder()) / "catalogue.json").string() : path;
    std::string at = "it is no JSON object with `models`";
    try {
        const json content = json::parse(readFile(file, 16 << 20));
        std::vector<Entry> entries;
        for (const json& object : content.at("models")) {
            at = "entry " + std::to_string(entries.size() + 1) + " lacks a name or a licence, or " +
                 "something in it has the wrong type";
            entries.push_back(entryFrom(object));
        }
        return entries;
    } catch (const json::exception&) {
        throw Error(Kind::model, "the catalogue " + inQuotes(file) + " cannot be used: " + at);
    } catch (const Error& error) {
        throw Error(Kind::model,
                    "the catalogue " + inQuotes(file) + " cannot be used: " + error.what());
    }
}

Entry findEntry(const std::vector<Entry>& entries, const std::string& name) {
    std::string names;
    for (const Entry& entry : entries) {
        if (strcasecmp(entry.name.c_str(), name.c_str()) == 0) return entry;
        names += (names.empty() ? "" : ", ") + entry.name;
    }
    throw Error(Kind::model, "the catalogue has no " + inQuotes(name) + "; it has " + names);
}

}  // namespace acuity::model
