#include "pipeline/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/files.h"
#include "codec/formats.h"
#include "codec/load.h"
#include "codec/save.h"
#include "ops/resample.h"

namespace acuity::pipeline {

using vips::VImage;

namespace {

constexpr double kMost = 64;  // levels at the end of the scale

/// The scale from 0 (black) to kMost levels, so dark to light that it reads in grey as well.
VImage colours() {
    constexpr std::array<std::array<double, 3>, 6> kStops = {
        {{0, 0, 0}, {40, 20, 110}, {150, 30, 110}, {230, 90, 40}, {250, 190, 40}, {255, 255, 220}}};
    std::array<std::uint8_t, 256 * 3> table{};
    for (std::size_t i = 0; i < 256; i++) {
        const double at = double(i) / 255 * (kStops.size() - 1);
        const auto stop = std::min<std::size_t>(std::size_t(at), kStops.size() - 2);
        const double t = at - double(stop);
        for (std::size_t c = 0; c < 3; c++)
            table[3 * i + c] = static_cast<std::uint8_t>(kStops[stop][c] * (1 - t) +
                                                         kStops[stop + 1][c] * t + 0.5);
    }
    return VImage(vips_image_new_from_memory_copy(table.data(), table.size(), 256, 1, 3,
                                                  VIPS_FORMAT_UCHAR))
        .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

/// Colour only, 0 to 255 in float; what is linear light or deeper is brought to that scale.
VImage levels(const VImage& frame) {
    const int bands = frame.bands() < 3 ? 1 : 3;
    const double white = frame.format() == VIPS_FORMAT_UCHAR    ? 255
                         : frame.format() == VIPS_FORMAT_USHORT ? 65535
                                                                : 1;
    return frame.extract_band(0, VImage::option()->set("n", bands))
        .linear(255 / white, 0)
        .cast(VIPS_FORMAT_FLOAT);
}

VImage distance(const VImage& a, const VImage& b) {
    return (levels(a) - levels(b)).abs().bandmean();
}

VImage legend() {
    constexpr int kWidth = 512, kHeight = 24;
    const VImage bar = VImage::identity()
                           .resize(kWidth / 256.0, VImage::option()->set("vscale", kHeight))
                           .maplut(colours());
    const VImage label = VImage::text(
        fmt::format("0 to {:.0f} levels of 255 beyond what the input says", kMost).c_str(),
        VImage::option()->set("font", "sans 12"));
    const VImage white = VImage::black(kWidth, label.height() + 12).invert();
    const VImage words = white.insert(label.extract_band(0).invert(), 6, 6);
    const std::vector<VImage> grey(3, words);
    return bar.join(VImage::bandjoin(grey), VIPS_DIRECTION_VERTICAL)
        .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

void save(const VImage& image, const std::string& path, const Session& session) {
    codec::Picture picture;
    picture.frames = {image};
    codec::SaveOptions options;
    options.cancel = session.cancel();
    codec::save(picture, trustMapFormat(path), path, options);
}

/// What is enlarged: what was taken away as dirt is not missing in the result, and what a former
/// enlargement added neither.
VImage started(const codec::Picture& first, const Work& work, Session& session,
               std::uint64_t memory, RunFacts& facts) {
    if (!work.cleaning.any() && !work.undoes) return first.frames.front();
    Work only = work;
    if (!work.undoes) only.start = work.source;
    only.target.full = only.target.crop = only.start;
    only.target.factor = 1;
    only.steps.clear();
    only.binding = {};
    only.lettering = {};
    only.masks.clear();
    return codec::settled(enlarge(first, only, session, memory, facts).frames.front(), memory,
                          session.cancel());
}

/// How far the result, shrunk again, is from the small picture; of the result's size.
VImage residualOf(const VImage& enlarged, const VImage& small, const Work& work) {
    const Dimensions &full = work.target.full, &crop = work.target.crop;
    const int left = (full.width - crop.width) / 2, top = (full.height - crop.height) / 2;
    const int bands = enlarged.bands() < 3 ? 1 : 3;
    VImage whole = enlarged.extract_band(0, VImage::option()->set("n", bands));
    if (crop != full)  // what was cut off does not count: there the small picture says it
        whole = ops::resample(small.extract_band(0, VImage::option()->set("n", bands)), full.width,
                              full.height, ops::Kernel::bicubic)
                    .insert(whole, left, top);
    const VImage again = ops::resample(whole, small.width(), small.height(), work.binding.reduction,
                                       ops::Borders::cut);
    // Rounding to whole levels is no invention.
    const VImage residual = (distance(again, small) - 0.5).cast(VIPS_FORMAT_FLOAT);
    return ops::resample((residual > 0).ifthenelse(residual, 0.0f), full.width, full.height,
                         ops::Kernel::bilinear)
        .crop(left, top, crop.width, crop.height);
}

}  // namespace

Trust trustOf(const codec::Picture& picture, const codec::Picture& result, const Work& work,
              Session& session, std::uint64_t memory) {
    // The same sizes and binding, but by the faithful models throughout.
    Work plain = work;
    plain.lettering = {};
    plain.masks.clear();
    plain.steps = stepsWith(session.faithful(), work, session.options().passes);
    codec::Picture first = picture;
    first.frames.resize(1);
    RunFacts facts;
    const VImage& enlarged = result.frames.front();
    Trust trust;
    VImage beyond = (levels(enlarged) * 0).extract_band(0);
    try {
        const bool same =
            std::equal(plain.steps.begin(), plain.steps.end(), work.steps.begin(), work.steps.end(),
                       [](const Step& a, const Step& b) { return a.model == b.model; });
        if (!same) {
            const auto faithful = enlarge(first, plain, session, memory / 2, facts);
            beyond = distance(enlarged, faithful.frames.front());
        }
        beyond =
            beyond + residualOf(enlarged, started(first, work, session, memory / 4, facts), work);
        const VImage scaled = codec::settled((beyond * (255 / kMost)).cast(VIPS_FORMAT_UCHAR),
                                             memory / 4, session.cancel());
        trust.mean = scaled.avg() * kMost / 255;
        trust.map = scaled.maplut(colours());
    } catch (const vips::VError& error) {
        if (session.cancel()) session.cancel()->check();
        facts.failure->rethrow();
        throw Error(Kind::internal, error.what());
    }
    return trust;
}

void saveTrust(const Trust& trust, const std::string& path, const Session& session) {
    save(trust.map, path, session);
    save(legend(), legendBeside(path), session);
}

std::string legendBeside(const std::string& path) {
    const std::filesystem::path file(path);
    const std::string name = file.stem().string() + "-legend" + file.extension().string();
    return (file.parent_path() / name).string();
}

codec::Format trustMapFormat(const std::string& path) {
    const auto format = codec::formatOfName(std::filesystem::path(path).filename().string());
    if (!format || !codec::writableName(path))
        throw Error(Kind::output, "cannot tell the format of " + inQuotes(path) +
                                      "; end the name of the map in .png, .jpg or .webp");
    return *format;
}

}  // namespace acuity::pipeline
