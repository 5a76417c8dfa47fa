#include "server/gallery.h"

#include <algorithm>
#include <cmath>

#include "codec/load.h"
#include "codec/prepare.h"
#include "server/answers.h"

namespace acuity::server {

using vips::VImage;

namespace {

constexpr int kThumbnail = 320;
/// Pictures above are seen from afar through a smaller copy of them.
constexpr double kLarge = 16e6;
constexpr int kOverview = 8;

std::uint64_t bytesOf(const codec::Picture& picture) {
    std::uint64_t sum = 0;
    for (const VImage& frame : picture.frames)
        sum += std::uint64_t(frame.width()) * frame.height() * frame.bands() *
               vips_format_sizeof(frame.format());
    return sum;
}

VImage reduced(const VImage& image, int by) {
    if (by == 1) return image;
    return image.shrink(by, by, VImage::option()->set("ceil", true));
}

/// What tiles that shrink by `by` are cut from, and how much is left to shrink.
std::pair<codec::Picture, int> sourceFor(Opened& opened, int by) {
    if (by < kOverview || opened.pixels() < kLarge) return {opened.picture, by};
    std::lock_guard guard(opened.shrinking);
    if (!opened.overview) {
        opened.overview = opened.picture;
        opened.overview->frames = {reduced(opened.picture.frames.front(), kOverview)
                                       .cast(opened.picture.frames[0].format())
                                       .copy_memory()};
    }
    return {*opened.overview, by / kOverview};
}

}  // namespace

Gallery::Gallery(const pipeline::Options& options) : memory_(pipeline::allowance(options) / 4) {}

std::shared_ptr<Opened> Gallery::open(const std::string& path, const std::string& name,
                                      double most) {
    const auto known = [&]() -> std::shared_ptr<Opened> {
        std::lock_guard guard(mutex_);
        const auto found = std::find_if(open_.begin(), open_.end(),
                                        [&](const auto& one) { return one->path == path; });
        if (found == open_.end()) return nullptr;
        open_.splice(open_.begin(), open_, found);
        return open_.front();
    };
    if (auto opened = known()) return opened;
    std::lock_guard one(decoding_);
    if (auto opened = known()) return opened;
    codec::LoadOptions load;
    load.maxPixels = most;
    load.memory = memory_ / 2;
    auto opened = std::make_shared<Opened>();
    opened->path = path;
    try {
        opened->picture = codec::open(path, load);
        opened->history = codec::provenanceOf(opened->picture.metadata.xmp);
        codec::decode(opened->picture, path, load);
    } catch (const Error& error) {
        throw Error(error.kind(), saidOf(error.what(), path, name));
    }
    std::lock_guard guard(mutex_);
    open_.push_front(opened);
    std::uint64_t held = 0;
    for (auto each = open_.begin(); each != open_.end();) {
        held += std::min(bytesOf((*each)->picture), memory_ / 2);
        each = held > memory_ && each != open_.begin() ? open_.erase(each) : std::next(each);
    }
    return opened;
}

void Gallery::close(const std::string& path) {
    std::lock_guard guard(mutex_);
    open_.remove_if([&](const auto& one) { return one->path == path; });
}

pipeline::Diagnosis Gallery::diagnosis(Opened& opened, pipeline::Session& session) {
    std::lock_guard guard(opened.measuring);
    if (!opened.diagnosis) opened.diagnosis = pipeline::diagnosisOf(opened.picture, session);
    return *opened.diagnosis;
}

std::string Gallery::tile(Opened& opened, int level, int column, int row) {
    const int width = opened.picture.width(), height = opened.picture.height();
    const int top = int(std::ceil(std::log2(std::max(width, height))));
    if (level < 0 || level > top || column < 0 || row < 0)
        throw HttpError(404, "there is no such tile");
    const auto [source, by] = sourceFor(opened, 1 << (top - level));
    const VImage& image = source.frames.front();
    const std::int64_t side = std::int64_t(kTile) * by;
    if (column * side >= image.width() || row * side >= image.height())
        throw HttpError(404, "there is no such tile");
    const int x = int(column * side), y = int(row * side);
    const VImage part = image.crop(x, y, int(std::min<std::int64_t>(side, image.width() - x)),
                                   int(std::min<std::int64_t>(side, image.height() - y)));
    return png(shown(source, reduced(part, by).cast(image.format())));
}

std::string Gallery::thumbnail(Opened& opened) {
    const int longest = std::max(opened.picture.width(), opened.picture.height());
    const codec::Picture source = sourceFor(opened, longest / kThumbnail).first;
    const VImage& image = source.frames.front();
    const double scale = double(kThumbnail) / std::max(image.width(), image.height());
    return png(shown(source, scale < 1 ? image.resize(scale).cast(image.format()) : image));
}

VImage shown(const codec::Picture& picture, const VImage& part) {
    codec::Picture one = picture;
    one.frames = {part};
    codec::SaveOptions eight;
    eight.depth = 8;
    VImage image = codec::prepared(one, codec::Format::png, eight);
    const std::string& icc = picture.metadata.icc;
    if (icc.empty() || codec::leavesProfile(one, codec::Format::png, eight)) return image;
    try {
        image = image.copy();
        vips_image_set_blob_copy(image.get_image(), VIPS_META_ICC_NAME, icc.data(), icc.size());
        image = image.icc_transform("srgb", VImage::option()->set("embedded", true));
        vips_image_remove(image.get_image(), VIPS_META_ICC_NAME);
        return image.copy_memory();
    } catch (const vips::VError&) {
        return codec::prepared(one, codec::Format::png, eight);  // a profile nobody understands
    }
}

std::string png(const VImage& image) {
    VipsBlob* blob = image.pngsave_buffer(
        VImage::option()->set("compression", 1)->set("filter", VIPS_FOREIGN_PNG_FILTER_SUB));
    std::size_t size = 0;
    const void* bytes = vips_blob_get(blob, &size);
    std::string text(static_cast<const char*>(bytes), size);
    vips_area_unref(VIPS_AREA(blob));
    return text;
}

}  // namespace acuity::server
