#include "base/error.h"
#include "base/files.h"
#include "codec/frames.h"
#include "codec/load.h"
#include "codec/source.h"
#include "codec/vips_text.h"
#include "codec/watch.h"

namespace acuity::codec {

using vips::VImage;

VImage settled(const VImage& image, std::uint64_t memory, const Cancel* cancel) {
    const Watch watch(image, cancel, {});
    VImage target;
    if (VIPS_IMAGE_SIZEOF_IMAGE(image.get_image()) <= memory) {
        target = VImage::new_memory();
    } else {
        VipsImage* file = vips_image_new_temp_file("%s.v");
        if (!file) throw vips::VError();
        target = VImage(file);
    }
    watch.image().write(target);
    watch.finish();
    return target;
}

void decode(Picture& picture, const std::string& path, const LoadOptions& options) {
    if (picture.inParts) return;
    const std::string shown = path == "-" ? "standard input" : inQuotes(path);
    const FreshVipsText fresh;
    try {
        if (const Frames* found = attached(picture.frames.front())) {
            Frames frames = *found;  // the frame that owns the original is replaced below
            frames.roll = settled(frames.roll, options.memory, options.cancel);
            picture.frames = split(frames);
            return;
        }
        std::uint64_t left = options.memory;
        for (VImage& frame : picture.frames) {
            const auto size = VIPS_IMAGE_SIZEOF_IMAGE(frame.get_image());
            frame = settled(frame, left, options.cancel);
            left -= std::min<std::uint64_t>(left, size);
        }
    } catch (const vips::VError&) {
        if (options.cancel) options.cancel->check();
        const std::string reason = takeVipsText();
        if (reason.find("No space left") != std::string::npos)
            throw Error(Kind::output,
                        "no space is left in " + inQuotes(temporaryFolder()) +
                            " for the decoded picture; set TMPDIR to a folder with room");
        throw Error(Kind::input,
                    shown + " is damaged: " + reason +
                        (options.salvage ? "" : "; --salvage takes what can still be read"));
    }
}

}  // namespace acuity::codec
