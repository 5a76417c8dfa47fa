#include "codec/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "codec/formats.h"
#include "codec/sniff.h"
#include "codec/vips_text.h"

namespace acuity::codec {
namespace {

struct Descriptor {
    int number;
    ~Descriptor() {
        if (number > 2) ::close(number);
    }
};

std::string why() {
    return std::strerror(errno);
}

void writeAll(int out, const char* bytes, std::size_t count) {
    while (count > 0) {
        const ssize_t done = ::write(out, bytes, count);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0)
            throw Error(Kind::input, "cannot keep the input in " + inQuotes(temporaryFolder()) +
                                         ": " + why() + "; set TMPDIR to a folder with room");
        bytes += done;
        count -= static_cast<std::size_t>(done);
    }
}

std::shared_ptr<TempFile> spooled(int in, const std::string& shown, const Cancel* cancel) {
    auto file = std::make_shared<TempFile>();
    const Descriptor out{::open(file->path().c_str(), O_WRONLY | O_CLOEXEC)};
    std::string block(1 << 18, '\0'), head;
    while (true) {
        if (cancel) cancel->check();
        const ssize_t got = ::read(in, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw Error(Kind::input, "reading " + shown + " broke off: " + why());
        if (got == 0) return file;
        writeAll(out.number, block.data(), static_cast<std::size_t>(got));
        // A stream that does not begin like a picture may never end: what is there tells enough.
        if (head.size() < kHeadSize) {
            head.append(block, 0, static_cast<std::size_t>(got));
            if (head.size() >= kHeadSize && !formatOfBytes(head)) return file;
        }
    }
}

void readHead(Source& source) {
    const Descriptor in{::open(source.path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat facts {};
    if (in.number < 0 || fstat(in.number, &facts) != 0)
        throw Error(Kind::input, "cannot read " + source.shown + ": " + why());
    source.size = static_cast<std::uint64_t>(facts.st_size);
    source.head.resize(kHeadSize);
    const ssize_t got = ::read(in.number, source.head.data(), source.head.size());
    if (got < 0) throw Error(Kind::input, "cannot read " + source.shown + ": " + why());
    source.head.resize(static_cast<std::size_t>(got));
    if (got == 0) throw Error(Kind::input, source.shown + " is empty");
}

}  // namespace

std::string temporaryFolder() {
    const char* folder = std::getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

TempFile::TempFile() : path_(temporaryFolder() + "/acuity-XXXXXX") {
    const int file = mkstemp(path_.data());
    if (file < 0)
        throw Error(Kind::output, "cannot write into " + inQuotes(temporaryFolder()) + ": " +
                                      why() + "; set TMPDIR to a folder with room");
    ::close(file);
}

TempFile::~TempFile() {
    ::unlink(path_.c_str());
}

Source openSource(const std::string& path, const Cancel* cancel) {
    Source source;
    source.shown = path == "-" ? "standard input" : inQuotes(path);
    if (path == "-") {
        source.spool = spooled(0, source.shown, cancel);
    } else {
        struct stat facts {};
        if (stat(path.c_str(), &facts) != 0)
            throw Error(Kind::input, "cannot read " + source.shown + ": " + why());
        if (S_ISDIR(facts.st_mode)) throw Error(Kind::input, source.shown + " is a folder");
        if (!S_ISREG(facts.st_mode)) {
            const Descriptor in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
            if (in.number < 0)
                throw Error(Kind::input, "cannot read " + source.shown + ": " + why());
            source.spool = spooled(in.number, source.shown, cancel);
        }
    }
    source.path = source.spool ? source.spool->path() : path;
    readHead(source);
    return source;
}

vips::VSource Source::stream() const {
    VipsSource* made = vips_source_new_from_file(path.c_str());
    if (!made) throw Error(Kind::input, "cannot read " + shown + ": " + takeVipsText());
    return vips::VSource(made);
}

void keepWith(const vips::VImage& image, const std::shared_ptr<TempFile>& file) {
    if (!file) return;
    g_object_set_data_full(
        G_OBJECT(image.get_image()), "acuity-spool", new std::shared_ptr<TempFile>(file),
        [](void* held) { delete static_cast<std::shared_ptr<TempFile>*>(held); });
}

}  // namespace acuity::codec
