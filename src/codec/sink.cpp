#include "codec/sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace acuity::codec {
namespace {

VipsTarget* newTarget() {
    return VIPS_TARGET(vips_target_custom_new());
}

}  // namespace

Sink::Sink(const std::string& path, Wrapping wrapping, const Cancel* cancel)
    : path_(path),
      wrapping_(std::move(wrapping)),
      cancel_(cancel),
      target_(newTarget()),
      file_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)),
      passing_(!wrapping_.head) {
    if (file_ < 0) trouble_ = errno;
    VipsTarget* target = target_.get_target();
    g_signal_connect(target, "write", G_CALLBACK(onWrite), this);
    g_signal_connect(target, "read", G_CALLBACK(onRead), this);
    g_signal_connect(target, "seek", G_CALLBACK(onSeek), this);
}

Sink::~Sink() {
    g_signal_handlers_disconnect_matched(target_.get_target(), G_SIGNAL_MATCH_DATA, 0, 0, nullptr,
                                         nullptr, this);
    if (file_ >= 0) ::close(file_);
}

bool Sink::put(const char* bytes, std::size_t count) {
    while (count > 0 && trouble_ == 0) {
        const ssize_t done = ::write(file_, bytes, count);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            trouble_ = done < 0 ? errno : ENOSPC;
            break;
        }
        bytes += done;
        count -= static_cast<std::size_t>(done);
    }
    return trouble_ == 0;
}

bool Sink::flushHead() {
    passing_ = true;
    const std::string head = wrapping_.head(std::move(held_));
    return put(head.data(), head.size());
}

gint64 Sink::onWrite(VipsTargetCustom*, gconstpointer bytes, gint64 count, Sink* sink) {
    if (sink->cancel_ && sink->cancel_->requested()) return -1;
    const auto* from = static_cast<const char*>(bytes);
    const auto size = static_cast<std::size_t>(count);
    if (sink->passing_) return sink->put(from, size) ? count : -1;
    sink->held_.append(from, size);
    if (sink->wrapping_.whole || sink->held_.size() < kHeadBytes) return count;
    return sink->flushHead() ? count : -1;
}

gint64 Sink::onRead(VipsTargetCustom*, gpointer bytes, gint64 count, Sink* sink) {
    return ::read(sink->file_, bytes, static_cast<std::size_t>(count));
}

gint64 Sink::onSeek(VipsTargetCustom*, gint64 offset, int whence, Sink* sink) {
    return ::lseek(sink->file_, offset, whence);
}

void Sink::finish() {
    if (!passing_) flushHead();
    if (file_ >= 0 && ::close(file_) != 0 && trouble_ == 0) trouble_ = errno;
    file_ = -1;
    if (trouble_ != 0)
        throw Error(Kind::output, std::string("the disk refused: ") + std::strerror(trouble_));
}

}  // namespace acuity::codec
