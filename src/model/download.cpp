#include "model/download.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/files.h"
#include "base/hash.h"

namespace acuity::model {
namespace fs = std::filesystem;

namespace {

constexpr int kMostRedirects = 5;
constexpr int kConnectSeconds = 15, kSilenceSeconds = 30;

[[noreturn]] void refuse(const std::string& sentence) {
    throw Error(Kind::model, sentence);
}

struct Url {
    std::string origin;  // scheme, host and port, as httplib takes them
    std::string host;
    std::string path;  // with its query
    bool secure = false, local = false;
};

Url parseUrl(const std::string& text) {
    const bool odd = std::any_of(text.begin(), text.end(),
                                 [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
    const std::size_t start = text.find("://");
    if (odd || text.size() > 4096 || start == std::string::npos)
        refuse(inQuotes(text.substr(0, 100)) + " is no web address");
    const std::string scheme = text.substr(0, start);
    const std::size_t end = std::min(text.find_first_of("/?#", start + 3), text.size());
    const std::string authority = text.substr(start + 3, end - start - 3);
    Url url;
    url.origin = text.substr(0, end);
    url.path = text.substr(end, text.find('#') - end);
    if (url.path.empty() || url.path[0] != '/') url.path = "/" + url.path;
    url.host = authority.substr(0, authority.find(':'));
    url.secure = scheme == "https";
    url.local = url.host == "127.0.0.1" || url.host == "localhost";
    const bool plain = scheme == "http" && url.local;
    if ((!url.secure && !plain) || url.host.empty() || authority.find('@') != std::string::npos)
        refuse(inQuotes(text.substr(0, 200)) + " is no https address: nothing is fetched from it");
    return url;
}

/// Where a redirect leads. Never from a secure address to an open one.
Url redirected(const Url& from, const std::string& location) {
    if (location.rfind("//", 0) == 0)
        return parseUrl((from.secure ? "https:" : "http:") + location);
    if (location.rfind('/', 0) == 0) return parseUrl(from.origin + location);
    const std::size_t colon = location.find(':');
    if (colon == std::string::npos || colon > location.find_first_of("/?#")) {  // no scheme
        const std::string path = from.path.substr(0, from.path.find('?'));
        return parseUrl(from.origin + path.substr(0, path.rfind('/') + 1) + location);
    }
    const Url to = parseUrl(location);
    if (from.secure && !to.secure) refuse(from.host + " leads on to an address that is not https");
    return to;
}

/// The file that grows, locked against other runs.
class Part {
  public:
    explicit Part(const std::string& path) : path_(path) {
        file_ = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file_ < 0)
            throw Error(Kind::output,
                        "cannot write " + inQuotes(path) + ": " + std::strerror(errno));
        if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
            close(file_);
            throw Error(Kind::output, "another run is just fetching " + inQuotes(path));
        }
        struct stat facts {};
        if (fstat(file_, &facts) == 0) size_ = std::uint64_t(facts.st_size);
    }
    ~Part() {
        if (size_ == 0) unlink(path_.c_str());  // nothing to go on from
        close(file_);
    }
    Part(const Part&) = delete;

    std::uint64_t size() const { return size_; }

    void clear() {
        if (ftruncate(file_, 0) != 0) fail();
        size_ = 0;
    }

    void append(const char* bytes, std::size_t count) {
        while (count > 0) {
            const ssize_t n = pwrite(file_, bytes, count, off_t(size_));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) fail();
            bytes += n;
            count -= std::size_t(n);
            size_ += std::uint64_t(n);
        }
    }

  private:
    [[noreturn]] void fail() const {
        throw Error(Kind::output,
                    errno == ENOSPC
                        ? "the disk is full; what was fetched is kept, and the same "
                          "command goes on from there"
                        : "cannot write " + inQuotes(path_) + ": " + std::strerror(errno));
    }

    std::string path_;
    int file_ = -1;
    std::uint64_t size_ = 0;
};

/// What a server answered to one request.
struct Answer {
    int status = 0;
    std::string location;
    bool tooLong = false;
    std::exception_ptr failure;  // of our own, inside the callbacks
    httplib::Error error = httplib::Error::Success;
};

/// Ends a connection on which nothing comes as soon as the person stops the run.
class StopWithCancel {
  public:
    StopWithCancel(httplib::Client& client, const Cancel& cancel)
        : thread_([&, this] {
              while (!done_) {
                  if (cancel.requested()) client.stop();
                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
              }
          }) {}
    ~StopWithCancel() {
        done_ = true;
        thread_.join();
    }

  private:
    std::atomic<bool> done_{false};
    std::thread thread_;
};

/// Asks for the bytes that are missing and appends them.
Answer ask(const Url& url, const Wanted& wanted, Part& part, const Arrived& arrived,
           const Cancel& cancel) {
    httplib::Client client(url.origin);
    client.set_connection_timeout(kConnectSeconds);
    client.set_read_timeout(kSilenceSeconds);
    client.set_follow_location(false);
    client.set_url_encode(false);
    client.set_decompress(false);
    httplib::Headers headers{{"User-Agent", "acuity"}, {"Accept-Encoding", "identity"}};
    if (part.size() > 0) headers.emplace("Range", "bytes=" + std::to_string(part.size()) + "-");

    Answer answer;
    const auto started = [&](const httplib::Response& response) {
        answer.status = response.status;
        answer.location = response.get_header_value("Location");
        if (response.status == 206) {
            // A server that sends another part than the one asked for is asked for the whole.
            const std::string from = "bytes " + std::to_string(part.size()) + "-";
            if (response.get_header_value("Content-Range").rfind(from, 0) == 0) return true;
            answer.status = 416;
        }
        return response.status == 200;
    };
    bool first = true;
    const auto received = [&](const char* bytes, std::size_t count) {
        try {
            if (first && answer.status == 200) part.clear();  // it ignores ranges and starts over
            first = false;
            answer.tooLong = part.size() + count > wanted.bytes;
            if (answer.tooLong || cancel.requested()) return false;
            part.append(bytes, count);
            arrived(part.size());
            return true;
        } catch (...) {
            answer.failure = std::current_exception();
            return false;
        }
    };
    const StopWithCancel stop(client, cancel);
    const auto result = client.Get(url.path, headers, started, received);
    answer.error = result.error();
    return answer;
}

/// Says why nothing, or not all of it, came.
[[noreturn]] void explain(const Answer& answer, const Url& url, const Part& part) {
    const auto megabytes = [](std::uint64_t bytes) {
        const std::string tenths = std::to_string(bytes / 100000);
        return (tenths.size() > 1 ? tenths.substr(0, tenths.size() - 1) : "0") + "." +
               tenths.back() + " MB";
    };
    switch (answer.error) {
        case httplib::Error::SSLServerVerification:
        case httplib::Error::SSLLoadingCerts:
            refuse("the certificate of " + url.host +
                   " is not trusted here (are the ca-certificates installed?)");
        case httplib::Error::SSLConnection:
            refuse("no secure connection to " + url.host + " could be made");
        default:
            break;
    }
    if (answer.status == 0) refuse("cannot reach " + url.host + ": is this machine online?");
    refuse("the connection to " + url.host + " broke off; " + megabytes(part.size()) +
           " are kept, and the same command goes on from there");
}

/// Brings the file to its full length, whatever its content.
void fetch(const Wanted& wanted, Part& part, const Arrived& arrived, const Cancel& cancel) {
    Url url = parseUrl(wanted.url);
    if (part.size() > wanted.bytes) part.clear();
    for (int redirects = 0; part.size() < wanted.bytes;) {
        const Answer answer = ask(url, wanted, part, arrived, cancel);
        if (answer.failure) std::rethrow_exception(answer.failure);
        if (cancel.requested())
            throw Error(Kind::cancelled, "stopped; the same command goes on from there");
        if (answer.tooLong) {
            part.clear();
            refuse("the file at " + url.host + " is longer than the " +
                   std::to_string(wanted.bytes) + " bytes that the catalogue states");
        }
        if (answer.status >= 300 && answer.status < 400 && !answer.location.empty()) {
            if (++redirects > kMostRedirects) refuse(url.host + " leads on and on, in a circle");
            url = redirected(url, answer.location);
        } else if (answer.status == 416 && part.size() > 0) {
            part.clear();
        } else if (answer.status == 404 || answer.status == 410) {
            refuse("the file is not at its address any more: " + wanted.url);
        } else if (answer.status != 0 && answer.status != 200 && answer.status != 206) {
            refuse(url.host + " answers with error " + std::to_string(answer.status) +
                   " instead of the file");
        } else if (answer.error != httplib::Error::Success) {
            explain(answer, url, part);
        } else if (part.size() < wanted.bytes) {
            const std::uint64_t size = part.size();
            part.clear();
            refuse("the file at " + url.host + " has " + std::to_string(size) +
                   " bytes instead of the " + std::to_string(wanted.bytes) +
                   " that the catalogue states");
        }
    }
}

}  // namespace

void download(const Wanted& wanted, const std::string& path, const Arrived& arrived,
              const Cancel& cancel) {
    Part part(path);
    const std::string folder = fs::path(path).parent_path().string();
    if (part.size() < wanted.bytes && freeSpace(folder) < wanted.bytes - part.size())
        throw Error(Kind::output, "the disk has no room for " + std::to_string(wanted.bytes) +
                                      " bytes in " + inQuotes(folder));
    // Something old that was continued may be what is wrong: then once more from the start.
    const bool continued = part.size() > 0;
    for (int attempt = 0; attempt < (continued ? 2 : 1); attempt++) {
        fetch(wanted, part, arrived, cancel);
        if (sha256OfFile(path) == wanted.sha256) return;
        part.clear();
    }
    refuse("what came from " + parseUrl(wanted.url).host +
           " is not the file that the catalogue describes (its SHA-256 differs); it was deleted");
}

}  // namespace acuity::model
