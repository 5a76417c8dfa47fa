#include "support.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace acuity::test {

namespace {

double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

void pause() {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::pair<int, int> pipeEnds() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    return {ends[0], ends[1]};
}

void readAll(int from, std::string& into) {
    char buffer[65536];
    ssize_t n;
    while ((n = read(from, buffer, sizeof buffer)) > 0) into.append(buffer, n);
    close(from);
}

void writeAll(int to, const std::string& bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t n = write(to, bytes.data() + done, bytes.size() - done);
        if (n <= 0) break;  // the program stopped listening, which is its right
        done += n;
    }
    close(to);
}

void startVips() {
    static const bool started = [] {
        // Remarks about decoded results would only drown the report.
        g_log_set_handler(
            "VIPS", G_LOG_LEVEL_WARNING, [](auto...) {}, nullptr);
        return VIPS_INIT("tests") == 0;
    }();
    if (!started) throw std::runtime_error("libvips does not start");
}

}  // namespace

// Pipes, not files, since programs behave differently there: a pipe cannot be rewound.
Program::Program(const std::vector<std::string>& arguments, const Io& io) : timeout_(io.timeout) {
    ::signal(SIGPIPE, SIG_IGN);
    std::vector<std::string> words{ACUITY_BINARY}, settings;
    words.insert(words.end(), arguments.begin(), arguments.end());
    for (char** each = environ; *each; ++each) {
        const std::string setting = *each;
        if (!io.env.count(setting.substr(0, setting.find('=')))) settings.push_back(setting);
    }
    for (const auto& [name, value] : io.env) settings.push_back(name + "=" + value);
    const auto pointers = [](std::vector<std::string>& strings) {
        std::vector<char*> result;
        for (auto& each : strings) result.push_back(each.data());
        result.push_back(nullptr);
        return result;
    };

    const auto [inRead, inWrite] = pipeEnds();
    const auto [outRead, outWrite] = pipeEnds();
    const auto [errRead, errWrite] = pipeEnds();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, inRead, 0);
    if (io.outTo.empty())
        posix_spawn_file_actions_adddup2(&actions, outWrite, 1);
    else
        posix_spawn_file_actions_addopen(&actions, 1, io.outTo.c_str(), O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, errWrite, 2);
    if (!io.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions, io.cwd.c_str());
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

    started_ = now();
    const int failed = posix_spawn(&process_, ACUITY_BINARY, &actions, &attributes,
                                   pointers(words).data(), pointers(settings).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (const int end : {inRead, outWrite, errWrite}) close(end);
    threads_.emplace_back(writeAll, inWrite, io.in);
    threads_.emplace_back(readAll, outRead, std::ref(result_.out));
    threads_.emplace_back(readAll, errRead, std::ref(result_.err));
    if (failed) {
        collect(-1, 0);
        throw std::runtime_error(std::string("cannot start " ACUITY_BINARY ": ") +
                                 strerror(failed));
    }
}

Program::~Program() {
    if (!ended_) {
        signal(SIGKILL);
        finish();
    }
}

void Program::signal(int number) {
    if (!ended_) kill(process_, number);
}

bool Program::running() {
    if (ended_) return false;
    int status;
    struct rusage use;
    if (wait4(process_, &status, WNOHANG, &use) != process_) return true;
    collect(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), use.ru_maxrss);
    return false;
}

Result Program::finish() {
    while (running()) {
        if (!timedOut_ && now() - started_ > timeout_) {
            timedOut_ = true;
            signal(SIGKILL);
        }
        pause();
    }
    return result_;
}

void Program::collect(int status, long peakKib) {
    ended_ = true;
    for (auto& thread : threads_) thread.join();
    result_.status = timedOut_ ? -1 : status;
    result_.seconds = now() - started_;
    result_.peak = peakKib / 1024;
}

Result run(const std::vector<std::string>& arguments, const Io& io) {
    return Program(arguments, io).finish();
}

Folder::Folder() {
    std::string name = (fs::temp_directory_path() / "acuity-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::set<std::string> files(const fs::path& folder) {
    std::set<std::string> found;
    if (!fs::exists(folder)) return found;
    // Files may vanish while they are listed: another process is at work.
    std::error_code gone;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (!entry.is_directory(gone))
            found.insert(entry.path().lexically_relative(folder).string());
    return found;
}

std::string bytesOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

void writeBytes(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string painted(const std::string& extension, int width, int height, int seed) {
    startVips();
    using vips::VImage;
    const VImage xy = VImage::xyz(width, height);
    const VImage x = xy[0], y = xy[1];
    const VImage waves = ((x * (7 + seed % 5) + y * 3) * 6).sin() * 80 + 128;
    const VImage checks = ((x / 4).floor() + (y / 4).floor() + seed) % 2;
    const VImage slope = (x * 5 + y * 2 + seed * 17) % 256;
    const VImage picture =
        waves.bandjoin(checks * 200 + 20)
            .bandjoin(slope)
            .cast(VIPS_FORMAT_UCHAR)
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    void* bytes;
    size_t size;
    picture.write_to_buffer(extension.c_str(), &bytes, &size);
    std::string result(static_cast<char*>(bytes), size);
    g_free(bytes);
    return result;
}

void paint(const fs::path& path, int width, int height, int seed) {
    writeBytes(path, painted(path.extension().string(), width, height, seed));
}

vips::VImage look(const fs::path& path) {
    startVips();
    const std::string bytes = bytesOf(path);
    return vips::VImage::new_from_buffer(
               bytes.data(), bytes.size(), "",
               vips::VImage::option()->set("fail_on", VIPS_FAIL_ON_WARNING))
        .copy_memory();
}

std::string sizeOf(const fs::path& path) {
    const auto picture = look(path);
    return std::to_string(picture.width()) + "x" + std::to_string(picture.height());
}

bool samePixels(const fs::path& one, const fs::path& other) {
    const auto a = look(one), b = look(other);
    return a.width() == b.width() && a.height() == b.height() && a.bands() == b.bands() &&
           (a - b).abs().max() == 0;
}

std::string pngDeclaring(unsigned width, unsigned height) {
    const auto big = [](unsigned n) {
        return std::string{char(n >> 24), char(n >> 16), char(n >> 8), char(n)};
    };
    const auto chunk = [&](const std::string& kindAndData) {
        unsigned crc = ~0u;
        for (const unsigned char byte : kindAndData) {
            crc ^= byte;
            for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
        return big(kindAndData.size() - 4) + kindAndData + big(~crc);
    };
    const std::string emptyDeflate("\x78\x9c\x03\x00\x00\x00\x00\x01", 8);
    return "\x89PNG\r\n\x1a\n" +
           chunk("IHDR" + big(width) + big(height) + std::string("\x08\x02\x00\x00\x00", 5)) +
           chunk("IDAT" + emptyDeflate) + chunk("IEND");
}

std::string shippedModel(const std::string& name) {
    const fs::path path = fs::path(ACUITY_SOURCE) / "models" / (name + ".onnx");
    const bool whole = fs::exists(path) && fs::exists(fs::path(path).replace_extension(".json"));
    return whole ? path.string() : "";
}

std::string sharedData() {
    const char* set = std::getenv("ACUITY_SHARED");
    const std::string folder =
        set && *set ? std::string(set) : std::string(ACUITY_SOURCE) + "/../shared";
    if (fs::is_directory(folder + "/data/weights")) return folder + "/data/";
    WARN("skipped: there are no pictures and weights in " + folder);
    return "";
}

std::vector<std::string> lines(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> result;
    for (std::string line; std::getline(stream, line);)
        if (!line.empty()) result.push_back(line);
    return result;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace acuity::test
