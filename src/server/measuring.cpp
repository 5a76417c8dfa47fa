#include "server/measuring.h"

#include <fmt/format.h>

#include "pipeline/diagnosis.h"
#include "pipeline/work.h"
#include "server/answers.h"

namespace acuity::server {

Measuring::Measuring(Store& store, Events& events, Gallery& gallery, const pipeline::Options& base)
    : store_(store), events_(events), gallery_(gallery), base_(base), thread_([this] { run(); }) {}

Measuring::~Measuring() {
    end();
}

void Measuring::wake() {
    {
        std::lock_guard guard(mutex_);
        woken_ = true;
    }
    wake_.notify_all();
}

void Measuring::end() {
    {
        std::lock_guard guard(mutex_);
        ended_ = true;
        cancel_.request();
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Measuring::run() {
    while (true) {
        {
            std::lock_guard guard(mutex_);
            if (ended_) return;
            woken_ = false;
        }
        try {
            if (const auto next = store_.unmeasured()) {
                json found;
                try {
                    found = measured(*next);
                } catch (const std::exception& error) {
                    if (cancel_.requested()) return;
                    found = {{"broken", error.what()}};
                }
                store_.setMeasured(next->id, found);
                if (const auto picture = store_.picture(next->id))
                    events_.publish("picture", describe(*picture));
                continue;
            }
        } catch (const std::exception& error) {
            fmt::print(stderr, "acuity: {}\n", error.what());
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, std::chrono::seconds(30), [this] { return ended_ || woken_; });
    }
}

json Measuring::measured(const PictureEntry& entry) {
    const auto opened = gallery_.open(store_.file(entry), entry.name);
    pipeline::Session session(base_, &cancel_);
    const pipeline::Diagnosis found = pipeline::diagnosisOf(opened->picture, session);
    {
        std::lock_guard guard(opened->mutex);
        plan::Evidence evidence =
            pipeline::evidenceOf(opened->picture, opened->history ? &*opened->history : nullptr);
        evidence.damage = found.damage;
        evidence.reduction = found.reduction;
        opened->evidence = evidence;
    }
    std::vector<std::string> lines = sentences(found);
    std::string words = pipeline::inWords(found);
    if (opened->history) {
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
