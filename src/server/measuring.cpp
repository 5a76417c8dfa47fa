#include "server/measuring.h"

#include <fmt/format.h>

#include "server/answers.h"

namespace acuity::server {

Measuring::Measuring(Store& store, Events& events, Gallery& gallery, const pipeline::Options& base)
    : store_(store),
      events_(events),
      gallery_(gallery),
      base_(base),
      loop_([this] { return measureNext(); }, std::chrono::seconds(30)) {}

void Measuring::end() {
    cancel_.request();
    loop_.end();
}

bool Measuring::measureNext() {
    const auto next = store_.unmeasured();
    if (!next) return false;
    json found;
    try {
        found = measured(*next);
    } catch (const std::exception& error) {
        if (cancel_.requested()) return false;
        found = {{"broken", forThePage(std::string(error.what()))}};
    }
    store_.setMeasured(next->id, found);
    if (const auto picture = store_.picture(next->id))
        events_.publish("picture", describe(*picture));
    return true;
}

json Measuring::measured(const PictureEntry& entry) {
    const auto opened = gallery_.open(store_.file(entry), entry.name, base_.maxInputPixels);
    pipeline::Session session(base_, &cancel_);
    const pipeline::Diagnosis found = Gallery::diagnosis(*opened, session);
    std::vector<std::string> lines = sentences(found);
    std::string words = pipeline::inWords(found);
    if (opened->history && opened->history->factor > 0) {
        const std::string before =
            fmt::format("enlarged {:.3g}x by Acuity", opened->history->factor);
        words = before + "; " + words;
        lines.insert(lines.begin(), "already " + before + ", as it says itself");
    }
    return {{"words", words}, {"sentences", lines}, {"diagnosis", toJson(found)}};
}

json Measuring::describe(const PictureEntry& p) {
    json object = {{"id", p.id},         {"name", p.name},      {"bytes", p.bytes},
                   {"format", p.format}, {"width", p.width},    {"height", p.height},
                   {"depth", p.depth},   {"alpha", p.alpha},    {"frames", p.frames},
                   {"added", p.added},   {"state", "measuring"}};
    if (p.measured.is_null()) return object;
    const bool broken = p.measured.contains("broken");
    object["state"] = broken ? "broken" : "ready";
    if (broken) {
        object["words"] = p.measured["broken"];
    } else {
        object.update(p.measured);
    }
    return object;
}

}  // namespace acuity::server
