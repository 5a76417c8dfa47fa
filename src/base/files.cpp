#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace acuity {
namespace fs = std::filesystem;

std::string inQuotes(const std::string& name) {
    std::string out = "'";
    for (unsigned char c : name) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\'') {
            out += "\\'";
        } else if (c < 0x20 || c == 0x7f) {
            const char* hex = "0123456789abcdef";
            out += std::string("\\x") + hex[c >> 4] + hex[c & 15];
        } else {
            out += static_cast<char>(c);
        }
    }
    return out + "'";
}

std::string naming(const std::string& file, const std::string& sentence) {
    const std::string name = inQuotes(file);
    return sentence.find(name) == std::string::npos ? name + ": " + sentence : sentence;
}

std::string readFile(const std::string& path, std::uint64_t limit) {
    std::error_code code;
    if (fs::is_directory(path, code)) throw Error(Kind::input, inQuotes(path) + " is a folder");
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw Error(Kind::input, "cannot read " + inQuotes(path) + ": " + std::strerror(errno));
    const auto size = fs::file_size(path, code);
    if (!code && size > limit)
        throw Error(Kind::input, inQuotes(path) + " is larger than this kind of file can be");
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    if (in.bad()) throw Error(Kind::input, "reading " + inQuotes(path) + " broke off");
    return bytes;
}

void writeFile(const std::string& path, const std::string& bytes) {
    Draft draft(path);
    std::ofstream out(draft.path(), std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw Error(Kind::output, "cannot write " + inQuotes(path) + ": is the disk full?");
    draft.commit();
}

std::uint64_t freeSpace(const std::string& folder) {
    struct statvfs facts {};
    if (statvfs(folder.empty() ? "." : folder.c_str(), &facts) != 0) return UINT64_MAX;
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

Draft::Draft(const std::string& target) : target_(target) {
    const fs::path place(target);
    path_ = (place.parent_path() / ("." + place.filename().string() + ".part")).string();
    // Names near the file system's limit have no room for the marks: hash the middle away.
    if (place.filename().string().size() > 240) {
        const auto hash = std::hash<std::string>{}(place.filename().string());
        path_ = (place.parent_path() / (".acuity-" + std::to_string(hash) + ".part")).string();
    }
    struct stat facts {};
    if (stat(target.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode))
        throw Error(Kind::output, inQuotes(target) +
                                      " is a device or pipe, not a file; "
                                      "-o - writes to standard output");
    while (!openLocked()) {
    }
    if (ftruncate(lock_, 0) != 0) {
        close(lock_);
        throw Error(Kind::output, "cannot write " + inQuotes(target) + ": " + std::strerror(errno));
    }
}

bool Draft::openLocked() {
    lock_ = open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (lock_ < 0) {
        const std::string folder = fs::path(target_).parent_path().string();
        throw Error(Kind::output, "cannot write into " + inQuotes(folder.empty() ? "." : folder) +
                                      ": " + std::strerror(errno) +
                                      "; choose another place with -o");
    }
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        close(lock_);
        throw Error(Kind::output, "another run is just writing " + inQuotes(target_));
    }
    // Between opening and locking another run may have finished and renamed this very file: it is
    // its result now, and the name stands for a new one or none.
    struct stat held {
    }, named{};
    if (fstat(lock_, &held) == 0 && lstat(path_.c_str(), &named) == 0 &&
        held.st_ino == named.st_ino && held.st_dev == named.st_dev)
        return true;
    close(lock_);
    return false;
}

Draft::~Draft() {
    std::error_code ignored;
    if (!committed_) fs::remove_all(path_, ignored);
    if (lock_ >= 0) close(lock_);
}

void Draft::commit() {
    std::error_code code;
    if (fs::is_directory(path_, code)) fs::remove_all(target_, code);
    if (std::rename(path_.c_str(), target_.c_str()) != 0)
        throw Error(Kind::output,
                    "cannot write " + inQuotes(target_) + ": " + std::strerror(errno));
    committed_ = true;
}

}  // namespace acuity
