// What the end-to-end tests share: running the real program, folders that vanish, pictures.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>
#include <vips/vips8>

namespace acuity::test {

namespace fs = std::filesystem;

struct Result {
    int status = 0;  // as a shell gives it: 128 + number after a signal; -1 when time ran out
    std::string out, err;
    double seconds = 0;
    long peak = 0;  // most memory resident, in MiB
};

struct Io {
    std::string in;                          // written to standard input through a pipe
    std::string cwd;                         // folder to start in
    std::string outTo;                       // file that standard output goes to, instead of `out`
    std::map<std::string, std::string> env;  // on top of this process's own
    double timeout = 60;                     // seconds until it is killed
};

/// The program while it runs.
class Program {
  public:
    explicit Program(const std::vector<std::string>& arguments, const Io& io = {});
    ~Program();
    Program(const Program&) = delete;

    void signal(int number);
    bool running();
    /// Waits for the end and collects what was printed.
    Result finish();

  private:
    Result result_;
    int process_ = 0;
    bool ended_ = false, timedOut_ = false;
    double timeout_ = 0, started_ = 0;
    std::vector<std::thread> threads_;
    void collect(int status, long peakKib);
};

Result run(const std::vector<std::string>& arguments, const Io& io = {});

/// A folder of its own for each test, removed at the end.
class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    const fs::path& path() const { return path_; }
    /// The path of something inside.
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  private:
    fs::path path_;
};

/// Every file under a folder, hidden ones too, as paths relative to it.
std::set<std::string> files(const fs::path& folder);

std::string bytesOf(const fs::path& path);
void writeBytes(const fs::path& path, const std::string& bytes);

/// A colourful picture with edges; the seed changes it. The extension of `path` is the format.
void paint(const fs::path& path, int width, int height, int seed = 0);
std::string painted(const std::string& extension, int width, int height, int seed = 0);

/// Decodes all of a file, and throws where a byte of it is missing.
vips::VImage look(const fs::path& path);
/// "WIDTHxHEIGHT", decoded entirely.
std::string sizeOf(const fs::path& path);
bool samePixels(const fs::path& one, const fs::path& other);

/// A PNG of about 100 bytes that declares any size at all; its checksums are right.
std::string pngDeclaring(unsigned width, unsigned height);

/// The path of a model that ships with the tree, or "" while it is not there.
std::string shippedModel(const std::string& name);

/// Pictures and weight files that are not ours to ship, "…/data/": beside the source tree, or where
/// $ACUITY_SHARED says; "" (and a warning) when they are not there, for tests that need them.
std::string sharedData();

/// Lines of a text, empty ones dropped.
std::vector<std::string> lines(const std::string& text);
bool contains(const std::string& text, const std::string& part);

}  // namespace acuity::test
