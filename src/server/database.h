// SQLite as values: a statement with its parameters in, rows out.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

struct sqlite3;

namespace acuity::server {

/// Rows are objects by column name; values are null, integers, numbers or strings.
using Rows = std::vector<nlohmann::json>;

/// One connection, shared by all threads: one statement runs at a time.
class Database {
  public:
    /// Opens or creates; what is committed survives a crash and a power failure. Throws
    /// Error(output).
    explicit Database(const std::string& path);
    ~Database();
    Database(const Database&) = delete;

    /// `values` (null, integer, number or string each) take the places of the question marks.
    /// Throws Error(output).
    Rows run(const std::string& statement, const std::vector<nlohmann::json>& values = {});
    /// The same, for the number of rows it changed.
    int change(const std::string& statement, const std::vector<nlohmann::json>& values = {});

  private:
    Rows runLocked(const std::string& statement, const std::vector<nlohmann::json>& values);

    sqlite3* handle_ = nullptr;
    std::mutex mutex_;
};

}  // namespace acuity::server
