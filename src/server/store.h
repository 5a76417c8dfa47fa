// What the server remembers: pictures, jobs, presets, and where their files lie. All of it survives
// the end of the process at any moment.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "server/database.h"

namespace acuity::server {

using nlohmann::json;

/// 32 hexadecimal digits that nobody can guess.
std::string newId();
std::int64_t now();  // seconds since 1970

struct PictureEntry {
    std::string id, name, format;  // name: as its owner calls the file
    std::int64_t bytes = 0, added = 0;
    int width = 0, height = 0, depth = 0, frames = 1;
    bool alpha = false;
    json measured;  // null until it is: {words, sentences, diagnosis} or {broken: sentence}
};

enum class JobState { queued, running, done, failed, cancelled };
const char* name(JobState state);

struct JobEntry {
    std::string id, picture, name;  // name: of the picture
    json settings = json::object();
    bool trustMap = false;
    JobState state = JobState::queued;
    int attempts = 0;
    std::string file;     // the result's file in the folder of results; "" until done
    std::string output;   // what its owner would call it
    std::string message;  // why it failed
    std::string deliver;  // a file to copy the result to, or ""
    json result;          // facts of the finished result, or null
    std::int64_t created = 0, finished = 0;
};

class Store {
  public:
    /// Opens the folder, which only one process may use at a time, and takes up what an earlier one
    /// left: jobs that were running wait again. Throws Error(output).
    explicit Store(const std::string& folder);
    ~Store();
    Store(const Store&) = delete;

    // Files. Ids are those of entries: no name from outside becomes part of a path.
    std::string incoming(const std::string& id) const { return folder_ + "/incoming/" + id; }
    std::string file(const PictureEntry& picture) const;
    std::string resultFile(const std::string& name) const { return folder_ + "/results/" + name; }
    std::string trustFile(const std::string& job) const { return resultFile(job + "-trust.png"); }
    /// Bytes of all files.
    std::uint64_t used() const;

    // Pictures.
    void add(const PictureEntry& picture);
    std::optional<PictureEntry> picture(const std::string& id);
    std::vector<PictureEntry> pictures();  // latest first
    int pictureCount();
    std::optional<PictureEntry> unmeasured();
    void setMeasured(const std::string& id, const json& measured);
    /// Its file, too. False when it is not there.
    bool removePicture(const std::string& id);

    // Jobs.
    void add(const JobEntry& job, bool first);
    std::optional<JobEntry> job(const std::string& id);
    std::vector<JobEntry> jobs();  // latest first
    int waiting();                 // jobs queued or running
    json jobCounts();              // of all, by state
    /// Takes the next one that waits: it is running from now on.
    std::optional<JobEntry> take();
    /// Ends a running job, unless it was cancelled or removed meanwhile: then false.
    bool finish(const JobEntry& job);
    /// A running job waits again, as if it had not been taken: the server ends.
    void giveBack(const std::string& id);
    /// False when it neither waits nor runs.
    bool cancel(const std::string& id);
    bool requeue(const std::string& id);  // false unless it failed or was cancelled
    bool moveFirst(const std::string& id);
    bool removeJob(const std::string& id);
    /// What was made for a job: result, trust map, other formats.
    void removeResults(const std::string& job) const;
    /// Removes what ended before `time` and pictures added before it that no job needs; their ids.
    std::vector<std::string> expire(std::int64_t time);

    // Presets: settings by name.
    json presets();
    void setPreset(const std::string& name, const json& settings);
    bool removePreset(const std::string& name);

    // The watched folder: what was taken from it already, by path and state of the file.
    bool seen(const std::string& path, const std::string& stamp);
    void markSeen(const std::string& path, const std::string& stamp);

  private:
    void recover();

    const std::string folder_;
    const int lock_;
    std::optional<Database> database_;
};

}  // namespace acuity::server
