#include "server/watch.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "codec/formats.h"

namespace acuity::server {
namespace fs = std::filesystem;

namespace {

/// The name of the saved settings that watched pictures get.
const char kPreset[] = "watch";

/// Changes when the file does.
std::string stampOf(const fs::directory_entry& entry) {
    std::error_code code;
    const auto size = entry.file_size(code);
    const auto time = entry.last_write_time(code).time_since_epoch().count();
    return code ? "" : fmt::format("{}:{}", size, time);
}

}  // namespace

Watch::Watch(const std::string& folder, Store& store, Intake& intake,
             std::function<void(const PictureEntry&, const JobEntry&)> came)
    : folder_(folder), store_(store), intake_(intake), came_(std::move(came)) {
    loop_.emplace(
        [this] {
            look();
            return false;
        },
        std::chrono::seconds(1));
}

/// A file is taken once it looks the same twice in a row: nobody is writing it any more.
void Watch::look() {
    std::map<std::string, std::string> seen;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(folder_, code)) {
        const std::string name = entry.path().filename().string();
        if (name.front() == '.' || !entry.is_regular_file(code) || !codec::formatOfName(name))
            continue;
        const std::string path = entry.path().string(), stamp = stampOf(entry);
        if (stamp.empty() || store_.seen(path, stamp)) continue;
        const auto before = growing_.find(path);
        const bool grows = before == growing_.end() || before->second != stamp;
        if (!grows && take(path))
            store_.markSeen(path, stamp);
        else
            seen[path] = stamp;
    }
    growing_ = std::move(seen);
}

bool Watch::take(const std::string& path) {
    const std::string copy = store_.incoming(newId());
    std::string taken;
    const auto refused = [&](const std::exception& error) {
        if (!taken.empty()) store_.removePicture(taken);
        std::error_code code;
        fs::remove(copy, code);
        const std::string sentence = fmt::format("acuity: {}: {}\n", inQuotes(path), error.what());
        if (sentence != lastSaid_) fmt::print(stderr, "{}", sentence);
        lastSaid_ = sentence;
    };
    try {
        intake_.checkRoom(fs::file_size(path));
        fs::copy_file(path, copy);
        const PictureEntry picture = intake_.take(copy, fs::path(path).filename().string());
        taken = picture.id;
        JobEntry job;
        job.id = newId();
        job.picture = picture.id;
        job.name = picture.name;
        job.settings = store_.presets().value(kPreset, json::object());
        job.deliver = folder_ + "/enlarged";
        job.created = now();
        store_.add(job, false);
        came_(picture, job);
        return true;
    } catch (const Error& error) {
        refused(error);
        return error.kind() == Kind::input;
    } catch (const std::exception& error) {
        refused(error);
        return false;
    }
}

}  // namespace acuity::server
