#include "server/database.h"

#include <sqlite3.h>

#include "base/error.h"
#include "base/files.h"

namespace acuity::server {

using nlohmann::json;

namespace {

[[noreturn]] void fail(sqlite3* handle) {
    throw Error(Kind::output, std::string("the server's database cannot be used (") +
                                  (handle ? sqlite3_errmsg(handle) : "out of memory") +
                                  "); choose another folder with --data");
}

/// Ends a statement whatever happens.
struct Statement {
    sqlite3_stmt* handle = nullptr;
    ~Statement() { sqlite3_finalize(handle); }
};

int bound(sqlite3_stmt* statement, int place, const json& value) {
    if (value.is_null()) return sqlite3_bind_null(statement, place);
    if (value.is_boolean()) return sqlite3_bind_int64(statement, place, value.get<bool>());
    if (value.is_number_integer())
        return sqlite3_bind_int64(statement, place, value.get<std::int64_t>());
    if (value.is_number()) return sqlite3_bind_double(statement, place, value.get<double>());
    const auto& text = value.get_ref<const std::string&>();
    return sqlite3_bind_text(statement, place, text.data(), int(text.size()), SQLITE_TRANSIENT);
}

json column(sqlite3_stmt* statement, int i) {
    switch (sqlite3_column_type(statement, i)) {
        case SQLITE_NULL:
            return nullptr;
        case SQLITE_INTEGER:
            return std::int64_t(sqlite3_column_int64(statement, i));
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement, i);
        default:
            return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)),
                               std::size_t(sqlite3_column_bytes(statement, i)));
    }
}

}  // namespace

Database::Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) fail(handle_);
    sqlite3_busy_timeout(handle_, 5000);
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA foreign_keys=ON");
}

Database::~Database() {
    sqlite3_close(handle_);
}

Rows Database::run(const std::string& statement, const std::vector<json>& values) {
    std::lock_guard guard(mutex_);
    return runLocked(statement, values);
}

int Database::change(const std::string& statement, const std::vector<json>& values) {
    std::lock_guard guard(mutex_);
    runLocked(statement, values);
    return sqlite3_changes(handle_);
}

Rows Database::runLocked(const std::string& text, const std::vector<json>& values) {
    Statement statement;
    if (sqlite3_prepare_v2(handle_, text.c_str(), int(text.size()), &statement.handle, nullptr))
        fail(handle_);
    for (std::size_t i = 0; i < values.size(); i++)
        if (bound(statement.handle, int(i) + 1, values[i])) fail(handle_);
    Rows rows;
    while (true) {
        const int status = sqlite3_step(statement.handle);
        if (status == SQLITE_DONE) return rows;
        if (status != SQLITE_ROW) fail(handle_);
        json row = json::object();
        for (int i = 0; i < sqlite3_column_count(statement.handle); i++)
            row[sqlite3_column_name(statement.handle, i)] = column(statement.handle, i);
        rows.push_back(std::move(row));
    }
}

}  // namespace acuity::server
