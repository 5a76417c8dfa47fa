// An input that can be opened again and again by name, whatever it was: a file, a pipe, stdin.
#pragma once

#include <memory>
#include <string>
#include <vips/vips8>

#include "base/cancel.h"
#include "codec/picture.h"

namespace acuity::codec {

/// A file that is removed with its last owner.
class TempFile {
  public:
    /// Empty, readable by nobody else, in the folder for temporary files.
    TempFile();
    ~TempFile();
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

struct Source {
    std::string shown;                // for messages: quoted name, or "standard input"
    std::string path;                 // a seekable file
    std::shared_ptr<TempFile> spool;  // holds what came through a pipe
    std::string head;                 // first bytes
    std::uint64_t size = 0;

    /// A libvips source with a read position of its own. Brackets in names have no meaning here.
    vips::VSource stream() const;
};

/// Opens, spools what cannot be sought, and reads the head. Throws Error(input).
Source openSource(const std::string& path, const Cancel* cancel);

/// Keeps the spooled file until the image is gone.
void keepWith(const vips::VImage& image, const std::shared_ptr<TempFile>& file);

/// The folder for temporary files: TMPDIR, or /tmp.
std::string temporaryFolder();

}  // namespace acuity::codec
