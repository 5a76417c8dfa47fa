#include "model/pull.h"

#include <filesystem>

#include "base/files.h"
#include "model/download.h"

namespace acuity::model {
namespace fs = std::filesystem;

namespace {

fs::path consentFile() {
    return fs::path(userFolder()) / ".consents";
}

std::string consents() {
    std::error_code code;
    return fs::exists(consentFile(), code) ? readFile(consentFile().string(), 1 << 20) : "";
}

/// One line of the file: whoever changes the licence asks again.
std::string consentTo(const Entry& entry) {
    return inQuotes(entry.name) + " " + inQuotes(entry.licence) + "\n";
}

nlohmann::json factsOf(const Entry& entry) {
    nlohmann::json facts{{"licence", entry.licence}, {"noncommercial", entry.noncommercial}};
    if (!entry.summary.empty()) facts["summary"] = entry.summary;
    if (!entry.homepage.empty()) facts["homepage"] = entry.homepage;
    if (!entry.author.empty()) facts["author"] = entry.author;
    return facts;
}

}  // namespace

bool hasConsent(const Entry& entry) {
    const std::string known = "\n" + consents();
    return known.find("\n" + consentTo(entry)) != std::string::npos;
}

void rememberConsent(const Entry& entry) {
    makeUserFolder();
    if (!hasConsent(entry)) writeFile(consentFile().string(), consents() + consentTo(entry));
}

OwnModel pull(const Entry& entry, engine::Engine& engine,
              const std::function<void(std::uint64_t)>& arrived, const Cancel& cancel) {
    checkNewName(entry.name);
    if (entry.files.empty())
        throw Error(Kind::model,
                    "no address is certain enough to fetch " + inQuotes(entry.name) +
                        " by itself: get it " +
                        (entry.homepage.empty() ? "" : "from " + entry.homepage + " ") +
                        "and use `acuity models add FILE --name " + entry.name + "`");
    const fs::path place = fs::path(makeUserFolder()) / ("." + entry.name + ".part");
    std::error_code code;
    fs::create_directory(place, code);
    if (code)
        throw Error(Kind::output,
                    "cannot make the folder " + inQuotes(place.string()) + ": " + code.message());
    try {
        std::uint64_t before = 0;
        for (const RemoteFile& file : entry.files) {
            const std::string path = (place / (entry.name + file.ending)).string();
            download(
                {file.url, file.sha256, file.bytes}, path,
                [&](std::uint64_t bytes) { arrived(before + bytes); }, cancel);
            before += file.bytes;
            arrived(before);
        }
    } catch (...) {
        fs::remove(place, code);  // where nothing is in it
        throw;
    }
    Addition addition;
    addition.file = (place / (entry.name + entry.files.front().ending)).string();
    addition.name = entry.name;
    addition.options = entry.options;
    addition.facts = factsOf(entry);
    addition.move = true;
    try {
        const OwnModel model = add(addition, engine);
        fs::remove_all(place, code);
        return model;
    } catch (const Error& error) {
        // What is the file that was wanted but does not run will not run the next time either.
        if (error.kind() == Kind::model) fs::remove_all(place, code);
        throw;
    }
}

}  // namespace acuity::model
