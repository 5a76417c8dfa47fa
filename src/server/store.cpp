#include "server/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace acuity::server {
namespace fs = std::filesystem;

namespace {

constexpr int kMostAttempts = 3;

const std::vector<std::string> kSchema = {
    "CREATE TABLE IF NOT EXISTS pictures (id TEXT PRIMARY KEY, name TEXT NOT NULL, format TEXT NOT "
    "NULL, bytes INTEGER, added INTEGER, width INTEGER, height INTEGER, depth INTEGER, frames "
    "INTEGER, alpha INTEGER, measured TEXT)",
    "CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, picture TEXT NOT NULL, name TEXT NOT "
    "NULL, settings TEXT NOT NULL, trust INTEGER, state TEXT NOT NULL, place INTEGER, attempts "
    "INTEGER, file TEXT, output TEXT, message TEXT, deliver TEXT, result TEXT, created INTEGER, "
    "finished INTEGER)",
    "CREATE INDEX IF NOT EXISTS jobs_by_place ON jobs (state, place)",
    "CREATE TABLE IF NOT EXISTS presets (name TEXT PRIMARY KEY, settings TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS seen (path TEXT PRIMARY KEY, stamp TEXT NOT NULL)",
};

int locked(const std::string& folder) {
    std::error_code code;
    for (const char* part : {"/pictures", "/results", "/incoming"})
        fs::create_directories(folder + part, code);
    const int lock = open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        throw Error(Kind::output, "cannot write into the folder " + inQuotes(folder) +
                                      "; choose another one with --data");
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
    close(lock);
    throw Error(Kind::output, "another acuity serve uses the folder " + inQuotes(folder) +
                                  "; end it, or choose another folder with --data");
}

JobState stateOf(const std::string& word) {
    for (const JobState state : {JobState::queued, JobState::running, JobState::done,
                                 JobState::failed, JobState::cancelled})
        if (word == name(state)) return state;
    throw Error(Kind::internal, "the server's database holds a job in no known state");
}

PictureEntry pictureFrom(const json& row) {
    PictureEntry p;
    p.id = row.at("id");
    p.name = row.at("name");
    p.format = row.at("format");
    p.bytes = row.at("bytes");
    p.added = row.at("added");
    p.width = row.at("width");
    p.height = row.at("height");
    p.depth = row.at("depth");
    p.frames = row.at("frames");
    p.alpha = row.at("alpha").get<int>() != 0;
    if (row.at("measured").is_string())
        p.measured = json::parse(row["measured"].get<std::string>());
    return p;
}

JobEntry jobFrom(const json& row) {
    JobEntry j;
    j.id = row.at("id");
    j.picture = row.at("picture");
    j.name = row.at("name");
    j.settings = json::parse(row.at("settings").get<std::string>());
    j.trustMap = row.at("trust").get<int>() != 0;
    j.state = stateOf(row.at("state"));
    j.attempts = row.at("attempts");
    j.file = row.at("file");
    j.output = row.at("output");
    j.message = row.at("message");
    j.deliver = row.at("deliver");
    if (row.at("result").is_string()) j.result = json::parse(row["result"].get<std::string>());
    j.created = row.at("created");
    j.finished = row.at("finished");
    return j;
}

std::string text(const json& value) {
    return jsonText(value);
}

}  // namespace

std::string newId() {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != ssize_t(sizeof bytes))
        throw Error(Kind::internal, "the system gives no random numbers");
    std::string id;
    for (const unsigned char b : bytes)
        for (const int digit : {b >> 4, b & 15}) id += "0123456789abcdef"[digit];
    return id;
}

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

const char* name(JobState state) {
    switch (state) {
        case JobState::queued:
            return "queued";
        case JobState::running:
            return "running";
        case JobState::done:
            return "done";
        case JobState::failed:
            return "failed";
        case JobState::cancelled:
            break;
    }
    return "cancelled";
}

Store::Store(const std::string& folder) : folder_(folder), lock_(locked(folder)) {
    database_.emplace(folder + "/acuity.db");
    for (const std::string& statement : kSchema) database_->run(statement);
    recover();
}

Store::~Store() {
    database_.reset();
    close(lock_);
}

/// What was under way when the last process ended: uploads are gone, jobs wait again. One that
/// ended the process several times is not tried for ever.
void Store::recover() {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(folder_ + "/incoming"))
        fs::remove(entry.path(), code);
    database_->run(
        "UPDATE jobs SET state = 'failed', finished = ?, message = ? WHERE state = "
        "'running' AND attempts >= ?",
        {now(),
         "it was begun " + std::to_string(kMostAttempts) +
             " times, and each time the server ended before it was done",
         kMostAttempts});
    database_->run("UPDATE jobs SET state = 'queued' WHERE state = 'running'");
}

std::string Store::file(const PictureEntry& picture) const {
    return folder_ + "/pictures/" + picture.id + "." + picture.format;
}

std::uint64_t Store::used() const {
    std::uint64_t sum = 0;
    std::error_code code;
    for (const auto& entry : fs::recursive_directory_iterator(folder_, code)) {
        const auto size = entry.is_regular_file(code) ? entry.file_size(code) : 0;
        if (!code) sum += size;
    }
    return sum;
}

void Store::add(const PictureEntry& p) {
    database_->run("INSERT INTO pictures VALUES (?,?,?,?,?,?,?,?,?,?,NULL)",
                   {p.id, p.name, p.format, p.bytes, p.added, p.width, p.height, p.depth, p.frames,
                    int(p.alpha)});
}

std::optional<PictureEntry> Store::picture(const std::string& id) {
    const Rows rows = database_->run("SELECT * FROM pictures WHERE id = ?", {id});
    return rows.empty() ? std::nullopt : std::optional(pictureFrom(rows.front()));
}

std::vector<PictureEntry> Store::pictures() {
    std::vector<PictureEntry> all;
    for (const json& row : database_->run("SELECT * FROM pictures ORDER BY added DESC, rowid DESC"))
        all.push_back(pictureFrom(row));
    return all;
}

int Store::pictureCount() {
    return database_->run("SELECT COUNT(*) AS n FROM pictures")[0].at("n");
}

std::optional<PictureEntry> Store::unmeasured() {
    const Rows rows =
        database_->run("SELECT * FROM pictures WHERE measured IS NULL ORDER BY rowid LIMIT 1");
    return rows.empty() ? std::nullopt : std::optional(pictureFrom(rows.front()));
}

void Store::setMeasured(const std::string& id, const json& measured) {
    database_->run("UPDATE pictures SET measured = ? WHERE id = ?", {text(measured), id});
}

bool Store::removePicture(const std::string& id) {
    const auto entry = picture(id);
    if (!entry) return false;
    database_->run("DELETE FROM pictures WHERE id = ?", {id});
    std::error_code code;
    fs::remove(file(*entry), code);
    return true;
}

void Store::add(const JobEntry& j, bool first) {
    const char* place = first ? "(SELECT COALESCE(MIN(place), 0) - 1 FROM jobs)"
                              : "(SELECT COALESCE(MAX(place), 0) + 1 FROM jobs)";
    database_->run(
        "INSERT INTO jobs VALUES (?,?,?,?,?,'queued'," + std::string(place) +
            ",0,'','','',?,NULL,?,0)",
        {j.id, j.picture, j.name, text(j.settings), int(j.trustMap), j.deliver, j.created});
}

std::optional<JobEntry> Store::job(const std::string& id) {
    const Rows rows = database_->run("SELECT * FROM jobs WHERE id = ?", {id});
    return rows.empty() ? std::nullopt : std::optional(jobFrom(rows.front()));
}

std::vector<JobEntry> Store::jobs() {
    std::vector<JobEntry> all;
    for (const json& row : database_->run("SELECT * FROM jobs ORDER BY created DESC, rowid DESC"))
        all.push_back(jobFrom(row));
    return all;
}

int Store::waiting() {
    return database_->run("SELECT COUNT(*) AS n FROM jobs WHERE state IN ('queued', 'running')")[0]
        .at("n");
}

json Store::jobCounts() {
    json counts = json::object();
    for (const json& row : database_->run("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state"))
        counts[row.at("state").get<std::string>()] = row.at("n");
    return counts;
}

std::optional<JobEntry> Store::take() {
    const Rows rows = database_->run(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE id = (SELECT id FROM "
        "jobs WHERE state = 'queued' ORDER BY place LIMIT 1) RETURNING *");
    return rows.empty() ? std::nullopt : std::optional(jobFrom(rows.front()));
}

bool Store::finish(const JobEntry& j) {
    return database_->change(
        "UPDATE jobs SET state = ?, file = ?, output = ?, message = ?, result = ?, finished = ? "
        "WHERE id = ? AND state = 'running'",
        {name(j.state), j.file, j.output, j.message,
         j.result.is_null() ? json() : json(text(j.result)), j.finished, j.id});
}

void Store::giveBack(const std::string& id) {
    database_->run(
        "UPDATE jobs SET state = 'queued', attempts = attempts - 1 WHERE id = ? AND state = "
        "'running'",
        {id});
}

bool Store::cancel(const std::string& id) {
    return database_->change(
        "UPDATE jobs SET state = 'cancelled', finished = ? WHERE id = ? AND "
        "state IN ('queued', 'running')",
        {now(), id});
}

bool Store::requeue(const std::string& id) {
    return database_->change(
        "UPDATE jobs SET state = 'queued', attempts = 0, message = '', finished = 0, place = "
        "(SELECT MAX(place) + 1 FROM jobs) WHERE id = ? AND state IN ('failed', 'cancelled')",
        {id});
}

bool Store::moveFirst(const std::string& id) {
    return database_->change(
        "UPDATE jobs SET place = (SELECT MIN(place) - 1 FROM jobs) WHERE id = "
        "? AND state = 'queued'",
        {id});
}

bool Store::removeJob(const std::string& id) {
    if (!database_->change("DELETE FROM jobs WHERE id = ?", {id})) return false;
    removeResults(id);
    return true;
}

/// Everything that is named after the job.
void Store::removeResults(const std::string& job) const {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(folder_ + "/results", code))
        if (entry.path().filename().string().find(job) != std::string::npos)
            fs::remove_all(entry.path(), code);
}

std::vector<std::string> Store::expire(std::int64_t time) {
    std::vector<std::string> gone;
    for (const json& row : database_->run(
             "SELECT id FROM jobs WHERE finished > 0 AND finished < ? AND state NOT IN ('queued', "
             "'running')",
             {time}))
        gone.push_back(row.at("id"));
    for (const std::string& id : gone) removeJob(id);
    for (const json& row :
         database_->run("SELECT id FROM pictures WHERE added < ? AND id NOT IN (SELECT picture "
                        "FROM jobs)",
                        {time})) {
        removePicture(row.at("id"));
        gone.push_back(row.at("id"));
    }
    return gone;
}

json Store::presets() {
    json all = json::object();
    for (const json& row : database_->run("SELECT * FROM presets ORDER BY name"))
        all[row.at("name").get<std::string>()] = json::parse(row.at("settings").get<std::string>());
    return all;
}

void Store::setPreset(const std::string& name, const json& settings) {
    database_->run("INSERT OR REPLACE INTO presets VALUES (?,?)", {name, text(settings)});
}

bool Store::removePreset(const std::string& name) {
    return database_->change("DELETE FROM presets WHERE name = ?", {name});
}

bool Store::seen(const std::string& path, const std::string& stamp) {
    return !database_->run("SELECT 1 FROM seen WHERE path = ? AND stamp = ?", {path, stamp})
                .empty();
}

void Store::markSeen(const std::string& path, const std::string& stamp) {
    database_->run("INSERT OR REPLACE INTO seen VALUES (?,?)", {path, stamp});
}

}  // namespace acuity::server
