#include "cli/video.h"

#include <fmt/format.h>

#include "base/error.h"

namespace acuity::cli {
namespace {

/// yuv420p, which every player shows, wants even sides.
Command encoder(const std::string& path, int width, int height, double perSecond) {
    return {"ffmpeg",
            "-nostdin",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            fmt::format("{}x{}", width, height),
            "-r",
            fmt::format("{:.3f}", perSecond),
            "-i",
            "pipe:0",
            "-vf",
            "pad=ceil(iw/2)*2:ceil(ih/2)*2",
            "-pix_fmt",
            "yuv420p",
            "-crf",
            "18",
            "-f",
            "mp4",
            "-movflags",
            "+faststart",
            "file:" + path};
}

}  // namespace

Video::Video(const std::string& path, int width, int height, double perSecond)
    : path_(path), draft_(path), encoder_(encoder(draft_.path(), width, height, perSecond)) {}

void Video::add(const vips::VImage& picture) {
    const vips::VImage pixels = picture.copy_memory();
    // When it takes no more it has ended, and finish() says so.
    encoder_.write(pixels.data(), VIPS_IMAGE_SIZEOF_IMAGE(pixels.get_image()));
}

void Video::finish() {
    if (!encoder_.finish())
        throw Error(Kind::output, "ffmpeg could not make " + inQuotes(path_) +
                                      "; without ffmpeg installed no video is asked for");
    draft_.commit();
}

}  // namespace acuity::cli
