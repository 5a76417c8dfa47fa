// Files: whole reads, and outputs that are written beside their place and renamed when complete.
#pragma once

#include <cstdint>
#include <string>

namespace acuity {

/// The bytes of a file. Throws Error(input) when it cannot be read or exceeds `limit` bytes.
std::string readFile(const std::string& path, std::uint64_t limit = 1ull << 31);

/// Writes a small file in one go, beside and renamed. Throws Error(output).
void writeFile(const std::string& path, const std::string& bytes);

/// Bytes that can still be written to the file system that holds `folder`.
std::uint64_t freeSpace(const std::string& folder);

/// For messages: "'name'" with control characters and quotes escaped, so that it stays one line.
std::string inQuotes(const std::string& name);

/// An error's sentence, with the name of the file that it is about if it is not in it yet.
std::string naming(const std::string& file, const std::string& sentence);

/// An output on its way: a hidden file (or folder) beside the target, named after it, so that a
/// rerun after a crash meets and replaces its own leftovers, and locked, so that two runs cannot
/// mix. The destructor removes what was not committed.
class Draft {
  public:
    /// Throws Error(output) when the folder cannot be written, another process holds the draft, or
    /// the target is no ordinary file or folder.
    explicit Draft(const std::string& target);
    ~Draft();
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    /// Where to write: exists as an empty file after construction.
    const std::string& path() const { return path_; }
    /// Renames to the target; an existing file is replaced. Throws Error(output).
    void commit();

  private:
    bool openLocked();

    std::string target_, path_;
    int lock_ = -1;
    bool committed_ = false;
};

}  // namespace acuity
