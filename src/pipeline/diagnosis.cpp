#include "pipeline/diagnosis.h"

#include <fmt/format.h>

#include <cmath>

#include "codec/load.h"
#include "diagnose/text.h"
#include "pipeline/work.h"
#include "plan/prescale.h"

namespace acuity::pipeline {

using diagnose::Damage;
using diagnose::Estimate;
using diagnose::Field;
using nlohmann::json;
using vips::VImage;

namespace {

constexpr double kLikely = 0.5;
/// Halos and clipped parts that are worth a word.
constexpr double kSeen = 0.04;
/// Less noise than this is not seen, and hardly measured.
constexpr double kLeastNoise = 0.5;

/// Lettering is looked for in so many pixels at most: what is lost is too small to matter. Of
/// pictures that are larger still, in windows instead of all of it.
constexpr double kTextPixels = 0.7e6, kWindowsFrom = 64e6;
constexpr std::uint64_t kAmpleMemory = 512 << 20;
constexpr int kWindow = 1024, kWindows = 4, kWindowShrunk = 4;  // pixels, across and down
constexpr int kFields = 24, kFewFields = 16;                    // of content, across and down

VImage shrunk(const VImage& image, int by, const Session& session) {
    return by <= 1 ? image
                   : codec::settled(image.shrink(by, by), session.memory() / 4, session.cancel());
}

/// How lettering is looked for in a picture: in windows or all of it, shrunk `by` so much to this
/// size.
struct TextView {
    bool windows = false, atOnce = false;
    int by = 1, width = 0, height = 0;
};

TextView textViewOf(int width, int height, const Session& session) {
    const double pixels = double(width) * height;
    if (pixels >= kWindowsFrom && std::min(width, height) >= kWindows * kWindow)
        return {true, false, kWindowShrunk, kWindow / kWindowShrunk, kWindow / kWindowShrunk};
    const int by = int(std::ceil(std::sqrt(pixels / kTextPixels)));
    return {false, session.memory() >= kAmpleMemory, by, int(std::lround(double(width) / by)),
            int(std::lround(double(height) / by))};
}

/// Kinds, and the share of lettering with its fields. Of very large pictures fewer fields, none of
/// them lettering.
void lookAtContent(const VImage& colour, Session& session, Diagnosis& found) {
    const auto network = session.diagnostic("text-mask");
    const TextView view = textViewOf(colour.width(), colour.height(), session);
    found.banding = diagnose::bandingIn(colour);
    found.content = diagnose::contentOf(colour, view.windows ? kFewFields : kFields);
    if (!view.windows) {
        const auto text = diagnose::textIn(shrunk(colour, view.by, session), *network, view.atOnce);
        found.textShare = text.share;
        if (text.found()) diagnose::addText(found.content, text.mask);
        return;
    }
    for (int i = 0; i < kWindows * kWindows; i++) {
        // In the middle of each of 4x4 fields.
        const auto place = [](int length, int at) {
            return int((at + 0.5) * length / kWindows - kWindow / 2.0);
        };
        const VImage window = colour.crop(place(colour.width(), i % kWindows),
                                          place(colour.height(), i / kWindows), kWindow, kWindow);
        const VImage small = shrunk(window, view.by, session);
        found.textShare += diagnose::textIn(small, *network).share / (kWindows * kWindows);
    }
}

/// On a thread of its own: small networks leave cores idle.
template <typename Measure>
auto beside(Measure measure) {
    return std::async(std::launch::async, [measure] {
        const std::shared_ptr<void> end(nullptr, [](void*) { vips_thread_shutdown(); });
        return measure();
    });
}

json toJson(const Estimate& estimate) {
    return {{"value", estimate.value}, {"deviation", estimate.deviation}};
}

json toJson(const diagnose::Motion& motion) {
    if (motion.length.value == 0) return nullptr;
    return {{"length", toJson(motion.length)}, {"angle", motion.angle}};
}

json toJson(const diagnose::ShrunkJpeg& shrunk) {
    if (!shrunk.found()) return nullptr;
    return {{"scale", shrunk.scale},
            {"quality", toJson(shrunk.quality())},
            {"clear", shrunk.clear},
            {"power", shrunk.power},
            {"lines", {shrunk.first, shrunk.second}},
            {"activity", shrunk.activity}};
}

std::string percent(double share) {
    return fmt::format("{:.0f} %", 100 * share);
}

std::string noise(const Damage& damage) {
    if (damage.lumaNoise.value < kLeastNoise && damage.chromaNoise.value < kLeastNoise)
        return "noise: none to speak of";
    return fmt::format("noise: {:.1f} levels of 255 (give or take {:.1f}), in colour {:.1f}",
                       damage.lumaNoise.value, damage.lumaNoise.deviation,
                       damage.chromaNoise.value);
}

/// `file`: quality by the file's own table, or 0.
/// `shrunk`: what is known of one that was made smaller, or nothing.
std::string compression(const Damage& damage, int file, const diagnose::ShrunkJpeg& shrunk) {
    std::string text = "compression: ";
    if (file) text += fmt::format("a JPEG of quality {}; ", file);
    if (damage.compressed < kLikely) {
        if (!shrunk.found()) return text.append("no blocks are seen");
        return text + fmt::format(
                          "it looks like JPEG of quality {:.0f} (give or take {:.0f}) that "
                          "was made smaller afterwards, to {:.3g} %",
                          shrunk.quality().value, shrunk.quality().deviation, 100 * shrunk.scale);
    }
    text += fmt::format("it looks like JPEG of quality {:.0f} (give or take {:.0f})",
                        damage.jpegQuality.value, damage.jpegQuality.deviation);
    if (damage.gridLeft || damage.gridTop)
        text +=
            fmt::format(", cut off its grid by {} and {} pixels", damage.gridLeft, damage.gridTop);
    return text;
}

std::string enlargement(const Damage& damage) {
    const std::string likely = percent(damage.enlarged);
    if (damage.enlarged < kLikely)
        return fmt::format("enlarged before: it does not look so ({} likely)", likely);
    const diagnose::Enlargement& former = damage.former;
    if (!plan::worthUndoing(damage))
        return fmt::format("enlarged before: it looks so ({} likely), by what cannot be told",
                           likely);
    return fmt::format("enlarged before: it looks so ({} likely), from {}x{} by {}", likely,
                       former.width, former.height, ops::name(former.kernel));
}

std::string origin(const diagnose::Reduction& reduction) {
    if (reduction.confidence == 0) return "made small by: it shows too little to tell";
    return fmt::format("made small by: {} ({} sure)",
                       reduction.kernel ? ops::name(*reduction.kernel) : "nothing, it seems",
                       percent(reduction.confidence));
}

}  // namespace

VImage colourOf(const codec::Picture& picture, std::size_t frame) {
    const int bands = picture.grey() ? 1 : 3;
    return picture.frames[frame].extract_band(0, VImage::option()->set("n", bands));
}

std::future<void> preparing(const codec::Picture& picture, Session& session) {
    if (picture.linear) return {};
    return beside([&session, width = picture.width(), height = picture.height()] {
        diagnose::prepareDamage(width, height, *session.diagnostic("damage"));
        diagnose::prepareReduction(width, height, *session.diagnostic("reduction-kernel"));
        const TextView view = textViewOf(width, height, session);
        diagnose::prepareText(view.width, view.height, *session.diagnostic("text-mask"),
                              view.atOnce);
    });
}

Diagnosis diagnosisOf(const codec::Picture& picture, Session& session) {
    Diagnosis found;
    found.jpegQuality = picture.jpegQuality;
    if (picture.linear) return found;
    const VImage colour = colourOf(picture, 0);
    auto reduction = beside(
        [&] { return diagnose::reductionOf(colour, *session.diagnostic("reduction-kernel")); });
    auto content = beside([&] { lookAtContent(colour, session, found); });
    diagnose::Network& network = *session.diagnostic("damage");
    found.damage = diagnose::damageOf(colour, network);
    if (plan::worthUndoing(found.damage))
        found.damageBefore = diagnose::damageBefore(colour, found.damage, network);
    if (const Damage& damage = found.damage; damage.known && damage.compressed < kLikely &&
                                             damage.enlarged < kLikely && !damage.edges.even)
        found.shrunkJpeg = diagnose::shrunkJpegOf(colour);
    found.reduction = reduction.get();
    content.get();
    return found;
}

plan::Evidence evidenceOf(const codec::Picture& picture, const codec::Provenance* history,
                          const Diagnosis& diagnosis) {
    plan::Evidence evidence = evidenceOf(picture, history);
    evidence.damage = diagnosis.damage;
    evidence.reduction = diagnosis.reduction;
    evidence.damageBefore = diagnosis.damageBefore;
    return evidence;
}

std::vector<std::string> sentences(const Diagnosis& diagnosis) {
    const Damage& damage = diagnosis.damage;
    if (!damage.known) return {"it shows too little to measure anything"};
    std::vector<std::string> lines;
    lines.push_back(
        fmt::format("detail: as much as {} of its width and height would hold (give or "
                    "take {})",
                    percent(damage.resolution.value), percent(damage.resolution.deviation)));
    if (damage.motion.length.value > 0)
        lines.push_back(fmt::format(
            "motion: points are lines of about {:.0f} pixels (give or take {:.0f}), at "
            "{:.0f} degrees",
            damage.motion.length.value, damage.motion.length.deviation, damage.motion.angle));
    lines.push_back(noise(damage));
    lines.push_back(compression(damage, diagnosis.jpegQuality, diagnosis.shrunkJpeg));
    lines.push_back(enlargement(damage));
    if (diagnosis.damageBefore && diagnosis.damageBefore->known) {
        lines.push_back(fmt::format("before that, {}", noise(*diagnosis.damageBefore)));
        lines.push_back(
            fmt::format("before that, {}", compression(*diagnosis.damageBefore, 0, {})));
    }
    if (damage.edges.halo >= kSeen)
        lines.push_back(fmt::format("halos: edges overshoot by {}", percent(damage.edges.halo)));
    if (const double most = std::max(damage.edges.black, damage.edges.white); most >= kSeen)
        lines.push_back(fmt::format("clipped: {} of it is black, {} white",
                                    percent(damage.edges.black), percent(damage.edges.white)));
    lines.push_back(origin(diagnosis.reduction));
    if (diagnosis.banding >= kSeen)
        lines.push_back(
            fmt::format("banding: shades rise in stairs on {}", percent(diagnosis.banding)));
    if (const diagnose::Content& content = diagnosis.content; !content.rows.empty())
        lines.push_back(fmt::format("content: {} photograph, {} drawing, {} plain",
                                    percent(content.share(Field::photograph)),
                                    percent(content.share(Field::drawing)),
                                    percent(content.share(Field::plain))));
    lines.push_back(fmt::format("lettering: {:.2g} % of its area", 100 * diagnosis.textShare));
    return lines;
}

std::string inWords(const Diagnosis& diagnosis) {
    const Damage& damage = diagnosis.damage;
    if (!damage.known) return "it shows too little to measure anything";
    constexpr double kSharp = 0.9, kSoft = 0.6, kStrong = 8;
    const double detail = damage.resolution.value;
    std::string text = detail >= kSharp  ? "sharp"
                       : detail >= kSoft ? "a little soft: true detail at " + percent(detail)
                                         : "soft: true detail at " + percent(detail);
    if (damage.compressed >= kLikely)
        text += fmt::format(", JPEG {:.0f}", damage.jpegQuality.value);
    else if (diagnosis.jpegQuality)
        text += fmt::format(", JPEG {}", diagnosis.jpegQuality);
    else if (diagnosis.shrunkJpeg.found())
        text += fmt::format(", once JPEG {:.0f}", diagnosis.shrunkJpeg.quality().value);
    const double noise = std::max(damage.lumaNoise.value, damage.chromaNoise.value);
    if (noise >= 2 * kLeastNoise)
        text += noise >= kStrong       ? ", strong noise"
                : noise >= kStrong / 2 ? ", noise"
                                       : ", light noise";
    if (damage.enlarged >= kLikely) text += ", enlarged before";
    return text;
}

json toJson(const diagnose::Reduction& reduction) {
    json likelihood = json::object();
    for (std::size_t i = 0; i < std::size(ops::kReductions); i++)
        likelihood[ops::name(ops::kReductions[i])] = reduction.likelihood[i];
    likelihood["none"] = reduction.likelihood.back();
    return {{"kernel", reduction.kernel ? json(ops::name(*reduction.kernel)) : json()},
            {"confidence", reduction.confidence},
            {"likelihood", likelihood}};
}

json toJson(const Damage& damage) {
    if (!damage.known) return {{"known", false}};
    json object{{"known", true},
                {"trueResolution", toJson(damage.resolution)},
                {"blurSigma", toJson(damage.blur())},
                {"motion", toJson(damage.motion)},
                {"noiseLuma", toJson(damage.lumaNoise)},
                {"noiseChroma", toJson(damage.chromaNoise)},
                {"jpeg",
                 {{"likelihood", damage.compressed},
                  {"quality", toJson(damage.jpegQuality)},
                  {"grid", {damage.gridLeft, damage.gridTop}}}},
                {"halo", {{"share", damage.edges.halo}, {"edges", damage.edges.haloEdges}}},
                {"clipped", {{"black", damage.edges.black}, {"white", damage.edges.white}}}};
    const diagnose::Enlargement& former = damage.former;
    if (former.width == 0) return object;  // was not looked for
    object["enlargedBefore"] = damage.enlarged;
    object["enlargement"] = {{"width", former.width},
                             {"height", former.height},
                             {"kernel", ops::name(former.kernel)},
                             {"share", former.share},
                             {"drop", {former.dropAcross, former.dropDown}},
                             {"clear", {former.clearAcross, former.clearDown}},
                             {"outside", former.outside},
                             {"rhythm", former.rhythm.power},
                             {"rhythmOfBlocks", former.rhythm.ofBlocks},
                             {"bySpectra", damage.enlargedBySpectra}};
    return object;
}

json toJson(const Diagnosis& diagnosis) {
    json object = toJson(diagnosis.damage);
    object["jpegQualityOfFile"] = diagnosis.jpegQuality ? json(diagnosis.jpegQuality) : json();
    if (!diagnosis.damage.known) return object;
    object["before"] = diagnosis.damageBefore ? toJson(*diagnosis.damageBefore) : json();
    object["jpegShrunkSince"] = toJson(diagnosis.shrunkJpeg);
    object["reduction"] = toJson(diagnosis.reduction);
    object["textShare"] = diagnosis.textShare;
    object["banding"] = diagnosis.banding;
    const diagnose::Content& content = diagnosis.content;
    object["content"] = {{"photograph", content.share(Field::photograph)},
                         {"drawing", content.share(Field::drawing)},
                         {"plain", content.share(Field::plain)},
                         {"text", content.share(Field::text)},
                         {"map", content.rows}};
    return object;
}

}  // namespace acuity::pipeline
