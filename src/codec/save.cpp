#include "codec/save.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "codec/deepzoom.h"
#include "codec/encode.h"
#include "codec/formats.h"
#include "codec/load.h"
#include "codec/metadata_write.h"
#include "codec/prepare.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/vips_text.h"
#include "codec/watch.h"

namespace acuity::codec {
namespace {

using vips::VImage;

// The image whose evaluation the person sees: progress and cancelling hang on it.
void encodeInto(const std::string& file, const Picture& picture, Format format,
                const SaveOptions& options) {
    const Metadata metadata = corrected(picture, format, options);
    const VImage image = withFields(prepared(picture, format, options), picture, metadata, format);
    Sink sink(file, wrapping(metadata, picture, format), options.cancel);
    const Watch watch(image, options.cancel, options.progress);
    try {
        encode(watch.image(), picture, format, options, sink.target());
        watch.finish();
    } catch (const vips::VError&) {
        if (sink.trouble() != 0) sink.finish();  // says which trouble
        throw;
    }
    sink.finish();
    finishFile(file, metadata, format);
}

void toStandardOutput(const std::string& file) {
    const int in = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    std::string block(1 << 18, '\0');
    ssize_t got = 0;
    while (in >= 0 && (got = ::read(in, block.data(), block.size())) > 0) {
        for (ssize_t done = 0; done < got;) {
            const ssize_t wrote =
                ::write(1, block.data() + done, static_cast<std::size_t>(got - done));
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) {
                const std::string why = std::strerror(errno);
                ::close(in);
                throw Error(Kind::output, "standard output broke off: " + why);
            }
            done += wrote;
        }
    }
    if (in >= 0) ::close(in);
    if (in < 0 || got < 0) throw Error(Kind::internal, "the encoded picture vanished");
}

void saveFile(const Picture& picture, Format format, const std::string& path,
              const SaveOptions& options) {
    if (path == "-") {
        const TempFile file;
        encodeInto(file.path(), picture, format, options);
        toStandardOutput(file.path());
        return;
    }
    Draft draft(path);
    encodeInto(draft.path(), picture, format, options);
    if (options.cancel) options.cancel->check();
    draft.commit();
}

}  // namespace

void save(const Picture& picture, Format format, const std::string& path,
          const SaveOptions& options) {
    startVips();
    const FreshVipsText fresh;
    const std::string shown = path == "-" ? "standard output" : inQuotes(path);
    try {
        if (options.cancel) options.cancel->check();
        checkSave(picture, format, path, options);
        if (format == Format::dz)
            saveDeepZoom(picture, path, options);
        else
            saveFile(picture, format, path, options);
    } catch (const vips::VError&) {
        if (options.cancel) options.cancel->check();
        throw Error(Kind::output, "cannot write " + shown + ": " + takeVipsText());
    } catch (const Error& error) {
        const std::string sentence = error.what();
        if (sentence.rfind("the disk refused", 0) != 0) throw;
        throw Error(Kind::output, "cannot write " + shown + ": " + sentence.substr(18));
    }
}

}  // namespace acuity::codec
