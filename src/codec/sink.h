// Where encoders write: a file, with a chance to add to its beginning and end on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vips/vips8>

#include "base/cancel.h"

namespace acuity::codec {

/// What is added to an encoded file while it is written.
struct Wrapping {
    /// Receives the first bytes (kHeadBytes, or the whole file where it is shorter), returns what
    /// stands in their place. Empty: nothing is changed.
    std::function<std::string(std::string)> head;
    /// Hold everything back and hand it to `head` at the end, for formats with lengths up front.
    bool whole = false;
};

/// Not to be combined with encoders that seek back (TIFF), unless the wrapping is empty.
class Sink {
  public:
    static constexpr std::size_t kHeadBytes = 1 << 20;  // colour profiles can be large

    Sink(const std::string& path, Wrapping wrapping, const Cancel* cancel);
    ~Sink();
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    vips::VTarget& target() { return target_; }
    /// Writes what is still held back, and closes. Throws Error(output) when the disk refused.
    void finish();
    /// The reason of the first refused write (errno), 0 when there was none.
    int trouble() const { return trouble_; }

  private:
    bool put(const char* bytes, std::size_t count);
    bool flushHead();

    static gint64 onWrite(VipsTargetCustom*, gconstpointer bytes, gint64 count, Sink* sink);
    static gint64 onRead(VipsTargetCustom*, gpointer bytes, gint64 count, Sink* sink);
    static gint64 onSeek(VipsTargetCustom*, gint64 offset, int whence, Sink* sink);

    std::string path_, held_;
    Wrapping wrapping_;
    const Cancel* cancel_;
    vips::VTarget target_;
    int file_ = -1, trouble_ = 0;
    bool passing_ = false;  // the head is out
};

}  // namespace acuity::codec
