#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/files.h"
#include "cli/display.h"
#include "cli/models.h"
#include "engine/engine.h"
#include "model/pull.h"

namespace acuity::cli {
namespace {

/// Whether what the catalogue offers is what lies in the folder.
bool isThere(const model::Entry& entry) {
    const auto own = model::ownModel(entry.name);
    if (!own || own->files.size() != entry.files.size()) return false;
    for (const model::RemoteFile& file : entry.files) {
        const auto same = [&](const model::OwnFile& o) { return o.sha256 == file.sha256; };
        if (std::none_of(own->files.begin(), own->files.end(), same)) return false;
    }
    model::verify(*own);
    return true;
}

/// Asks once; throws Error(model) unless the answer is yes.
void askForConsent(const model::Entry& entry, bool yes) {
    if (!entry.noncommercial || model::hasConsent(entry)) return;
    const std::string terms =
        fmt::format("{} is under {} and may not be used commercially", entry.name, entry.licence);
    if (!yes) {
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
            throw Error(Kind::model, terms + "; --yes says that you agree");
        fmt::print(stderr, "{}. Type yes to agree: ", terms);
        std::string answer;
        std::getline(std::cin, answer);
        if (answer != "yes") throw Error(Kind::model, "nothing was fetched");
    }
    model::rememberConsent(entry);
}

}  // namespace

int modelPull(const ModelPull& request, const Cancel& cancel) {
    const model::Entry entry =
        model::findEntry(model::readCatalogue(request.catalogue), request.name);
    if (!entry.files.empty() && isThere(entry)) {
        fmt::print("{} is there already\n", entry.name);
        return 0;
    }
    if (!entry.files.empty()) {
        model::checkNewName(entry.name);
        askForConsent(entry, request.yes);
    }
    const auto engine = engine::openEngine("cpu");
    pipeline::Progress progress;
    for (const model::RemoteFile& file : entry.files) progress.total += std::int64_t(file.bytes);
    model::OwnModel own;
    {
        Display display(progress, 1, request.quiet, "MB/s");
        own = model::pull(
            entry, *engine, [&](std::uint64_t bytes) { progress.done = std::int64_t(bytes); },
            cancel);
        display.line(
            fmt::format("{}: {:.1f} MB, {}", own.name, double(progress.total) / 1e6, entry.licence),
            false);
    }
    fmt::print("{} can be named with -m now\n", own.name);
    return 0;
}

}  // namespace acuity::cli
