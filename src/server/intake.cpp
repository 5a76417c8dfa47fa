#include "server/intake.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "codec/formats.h"
#include "codec/load.h"
#include "server/answers.h"

namespace acuity::server {
namespace fs = std::filesystem;

namespace {

/// Larger ones are decoded when they are measured: nobody waits for that.
constexpr double kDecodedAtOnce = 60e6;

}  // namespace

std::string tidyName(const std::string& name) {
    std::string tidy;
    for (const char c : name.substr(name.find_last_of("/\\") + 1))
        if ((unsigned char)c >= 32 && c != 127) tidy += c;
    if (tidy.size() > 200) tidy = tidy.substr(tidy.size() - 200);
    // Cut in the middle of a character, or never UTF-8: what is no text is replaced.
    tidy = json::parse(dumped(tidy));
    return tidy.empty() || tidy == "." || tidy == ".." ? "picture" : tidy;
}

void Intake::checkRoom(std::uint64_t bytes) const {
    const std::uint64_t used = store_.used();
    if (used + bytes <= diskBudget_) return;
    throw HttpError(
        507, fmt::format("the server may store {:.1f} GB and holds {:.1f} GB; remove pictures or "
                         "results, or start it with a larger --disk",
                         double(diskBudget_) / 1e9, double(used) / 1e9));
}

PictureEntry Intake::take(const std::string& path, const std::string& name) {
    PictureEntry entry;
    entry.id = newId();
    entry.name = tidyName(name);
    entry.added = now();
    std::error_code code;
    entry.bytes = std::int64_t(fs::file_size(path, code));
    codec::Format format;
    try {
        codec::LoadOptions load;
        load.maxPixels = mostPixels_;
        const codec::Picture picture = codec::open(path, load);
        format = picture.format;
        entry.width = picture.width();
        entry.height = picture.height();
        entry.depth = picture.depth();
        entry.alpha = picture.alpha();
        entry.frames = int(picture.frames.size());
    } catch (const Error& error) {
        throw Error(error.kind(), saidOf(error.what(), path, entry.name));
    }
    entry.format = codec::facts(format).name;
    const std::string place = store_.file(entry);
    fs::rename(path, place);
    try {
        if (double(entry.width) * entry.height * entry.frames <= kDecodedAtOnce)
            gallery_.open(place, entry.name, mostPixels_);
        store_.add(entry);
    } catch (...) {
        fs::remove(place, code);
        throw;
    }
    return entry;
}

}  // namespace acuity::server
