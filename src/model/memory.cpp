#include "model/memory.h"

#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/system.h"

namespace acuity::model {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;

json readAll(const fs::path& file) {
    try {
        if (fs::exists(file)) {
            json all = json::parse(readFile(file.string(), kMostBytes), nullptr, false);
            if (all.is_object()) return all;
        }
    } catch (const Error&) {
        // Unreadable is the same as nothing remembered.
    }
    return json::object();
}

}  // namespace

json recall(const std::string& file, const std::string& key) {
    const std::string folder = cacheFolder();
    return folder.empty() ? json() : readAll(fs::path(folder) / file).value(key, json());
}

void remember(const std::string& file, const std::string& key, const json& value) {
    const std::string folder = cacheFolder();
    if (folder.empty()) return;
    const fs::path path = fs::path(folder) / file;
    json all = readAll(path);
    all[key] = value;
    try {
        writeFile(path.string(), all.dump(1));
    } catch (const Error&) {
        // Another run writes it just now, or the disk is full.
    }
}

}  // namespace acuity::model
