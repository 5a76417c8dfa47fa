#include "server/worker.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "codec/formats.h"
#include "server/answers.h"
#include "server/settings.h"

namespace acuity::server {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

Worker::Worker(Store& store, Events& events, Gallery& gallery, Intake& intake,
               const pipeline::Options& base, std::int64_t keep)
    : store_(store),
      events_(events),
      gallery_(gallery),
      intake_(intake),
      base_(base),
      keep_(keep),
      loop_([this] { return workNext(); }, std::chrono::seconds(5)) {}

void Worker::end() {
    {
        std::lock_guard guard(mutex_);
        ended_ = true;
        cancel_.request();
    }
    loop_.end();
}

void Worker::interrupt(const std::string& id) {
    std::lock_guard guard(mutex_);
    if (running_ == id) cancel_.request();
}

void Worker::hold(bool on) {
    cancel_.hold(on);
}

bool Worker::workNext() {
    expire();
    auto job = store_.take();
    if (job) work(std::move(*job));
    return job.has_value();
}

/// What the database cannot take in now, as when the disk is full, is tried until it can, or until
/// the server ends: else the job would run for ever.
void Worker::noted(const std::function<void()>& note) {
    while (true) {
        try {
            return note();
        } catch (const std::exception& error) {
            {
                std::lock_guard guard(mutex_);
                if (ended_) throw;
            }
            fmt::print(stderr, "acuity: {}\n", error.what());
            std::this_thread::sleep_for(std::chrono::seconds(1));
        }
    }
}

void Worker::work(JobEntry job) {
    {
        std::lock_guard guard(mutex_);
        cancel_.clear();
        if (ended_) return store_.giveBack(job.id);
        running_ = job.id;
        progress_ = std::make_shared<pipeline::Progress>();
        began_ = Clock::now();
    }
    // It may have been cancelled between being taken and being known as running.
    const auto still = store_.job(job.id);
    if (!still || still->state != JobState::running) cancel_.request();
    try {
        const auto tellAgain = [this, id = job.id] {
            tell(id);
            return false;
        };
        const Loop progress(tellAgain, std::chrono::milliseconds(300));
        const auto picture = store_.picture(job.picture);
        if (!picture) throw Error(Kind::input, "its picture was removed");
        intake_.checkRoom(0);
        enlarge(job, *picture);
        intake_.checkRoom(0);
        if (!job.deliver.empty()) deliver(job);
        job.state = JobState::done;
    } catch (const Error& error) {
        if (error.kind() == Kind::cancelled) {
            // Cancelled by somebody, who has noted it; or the server ends, and the job waits again.
            noted([&] { store_.giveBack(job.id); });
            std::lock_guard guard(mutex_);
            running_.clear();
            return;
        }
        job.state = JobState::failed;
        job.message = forThePage(std::string(error.what()));
    } catch (const std::exception& error) {
        job.state = JobState::failed;
        job.message = error.what();
    }
    job.finished = now();
    bool kept = false;
    noted([&] { kept = store_.finish(job); });
    if (job.state == JobState::failed) store_.removeResults(job.id);
    {
        std::lock_guard guard(mutex_);
        running_.clear();
    }
    if (!kept) store_.removeResults(job.id);  // it was cancelled or removed meanwhile
    tell(job.id);
}

void Worker::enlarge(JobEntry& job, const PictureEntry& picture) {
    pipeline::Options options = with(base_, job.settings);
    options.overwrite = true;
    if (job.trustMap) options.trustMap = store_.trustFile(job.id);
    const std::string input = store_.file(picture);
    const auto format = codec::formatOfName(picture.format);
    pipeline::Item item{input, "", ""};
    const codec::Format written = pipeline::formatFor(item, *format, options);
    job.file = job.id + "." + codec::extension(written);
    item.output = store_.resultFile(job.file);
    gallery_.close(item.output);
    pipeline::Session session(options, &cancel_);
    std::shared_ptr<pipeline::Progress> progress;
    {
        std::lock_guard guard(mutex_);
        progress = progress_;
    }
    const pipeline::Outcome outcome = pipeline::enlargeFile(item, session, *progress);
    if (outcome.status != pipeline::Status::done)
        throw Error(outcome.kind, saidOf(saidOf(outcome.message, input, picture.name), item.output,
                                         "the result"));
    const json& facts = outcome.json;
    job.output =
        pipeline::outputFor({picture.name, "", ""}, written, facts.value("factor", 1.0), options);
    std::error_code code;
    job.result = {{"width", facts.value("outputWidth", 0)},
                  {"height", facts.value("outputHeight", 0)},
                  {"bytes", std::int64_t(fs::file_size(item.output, code))},
                  {"format", codec::facts(written).name},
                  {"seconds", facts.value("seconds", 0.0)},
                  {"notes", forThePage(outcome.notes)},
                  {"explanation", forThePage(outcome.explanation)},
                  {"trustMean", facts.contains("trust") ? facts["trust"]["meanLevels"] : json()}};
    // The last line names the file, which means nothing to its owner.
    job.result["explanation"].erase(job.result["explanation"].size() - 1);
}

/// Copies the result to where the watched folder wants it, under a name that is free.
void Worker::deliver(JobEntry& job) const {
    fs::create_directories(job.deliver);
    const fs::path name = job.output;
    for (int n = 1;; n++) {
        const std::string number = n > 1 ? "-" + std::to_string(n) : "";
        const fs::path place =
            fs::path(job.deliver) / (name.stem().string() + number + name.extension().string());
        if (fs::exists(place)) continue;
        Draft draft(place.string());
        fs::copy_file(store_.resultFile(job.file), draft.path(),
                      fs::copy_options::overwrite_existing);
        draft.commit();
        return;
    }
}

void Worker::expire() {
    if (now() - expired_ < 600) return;
    expired_ = now();
    for (const std::string& id : store_.expire(now() - keep_))
        events_.publish("gone", {{"id", id}});
}

json Worker::describe(const JobEntry& job) const {
    json object = {{"id", job.id},
                   {"picture", job.picture},
                   {"name", job.name},
                   {"output", job.output},
                   {"state", name(job.state)},
                   {"settings", job.settings},
                   {"trustMap", job.trustMap},
                   {"progress", job.state == JobState::done ? 1.0 : 0.0},
                   {"megapixelsPerSecond", 0.0},
                   {"secondsLeft", nullptr},
                   {"message", job.message},
                   {"created", job.created},
                   {"finished", job.finished ? json(job.finished) : json()},
                   {"expires", job.finished ? json(job.finished + keep_) : json()},
                   {"result", job.result}};
    std::lock_guard guard(mutex_);
    if (job.state != JobState::running || running_ != job.id || !progress_) return object;
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    const double total = double(progress_->total), done = double(progress_->done);
    if (total <= 0 || seconds <= 0) return object;
    object["progress"] = done / total;
    object["megapixelsPerSecond"] = done / 1e6 / seconds;
    if (done > 0) object["secondsLeft"] = (total - done) * seconds / done;
    return object;
}

void Worker::tell(const std::string& id) {
    if (const auto job = store_.job(id)) events_.publish("job", describe(*job));
}

}  // namespace acuity::server
