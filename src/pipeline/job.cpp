#include "pipeline/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "base/system.h"
#include "codec/deepzoom.h"
#include "codec/formats.h"
#include "codec/load.h"
#include "codec/provenance.h"
#include "codec/save.h"
#include "pipeline/enlarge.h"
#include "pipeline/trust.h"
#include "pipeline/work.h"

namespace acuity::pipeline {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

namespace {

/// Program text may hold any bytes a file name can: JSON wants UTF-8.
std::string utf8(const std::string& text) {
    return json::parse(jsonText(text));
}

const char* statusName(Status status) {
    switch (status) {
        case Status::done:
            return "done";
        case Status::skipped:
            return "skipped";
        case Status::exists:
            return "exists";
        case Status::failed:
            break;
    }
    return "failed";
}

bool heavy(const Work& work) {
    constexpr double kHeavyPixels = 24e6;  // of output: beyond it two at once gain nothing
    return double(work.target.full.width) * work.target.full.height > kHeavyPixels;
}

codec::LoadOptions loadOptions(const Session& session) {
    const Options& options = session.options();
    codec::LoadOptions load;
    load.maxPixels = options.maxInputPixels;
    load.memory = session.memory() / 4;
    load.share = 1.0 / 4;
    load.page = options.page;
    load.salvage = options.salvage;
    load.cancel = session.cancel();
    return load;
}

codec::SaveOptions saveOptions(const Session& session, const Work& work, std::uint64_t memory) {
    const Options& options = session.options();
    codec::SaveOptions save;
    save.quality = options.quality;
    save.lossless = options.lossless;
    save.effort = options.effort;
    save.depth = options.depth;
    save.background = options.background;
    save.dpiX = work.dpiX;
    save.dpiY = work.dpiY;
    save.keepMetadata = options.keepMetadata;
    save.memory = memory / 2;
    save.share = double(save.memory) / double(session.memory());
    save.cancel = session.cancel();
    return save;
}

/// What networks may take of a picture's share: the rest is for the input, libraries and encoder.
std::uint64_t networkMemory(std::uint64_t share, codec::Format format) {
    return codec::facts(format).streams ? share * 5 / 8 : share / 3;
}

/// Of that size and without pixels: all that is asked before they are computed.
codec::Picture resized(codec::Picture picture, plan::Dimensions size) {
    for (vips::VImage& frame : picture.frames)
        frame = vips::VImage::black(size.width, size.height,
                                    vips::VImage::option()->set("bands", frame.bands()))
                    .cast(frame.format());
    return picture;
}

/// What stands at the output already, seen as the options want it.
std::optional<Status> already(const std::string& output, const Options& options) {
    if (output == "-" || options.overwrite || !fs::exists(output)) return std::nullopt;
    return options.skipExisting ? Status::skipped : Status::exists;
}

/// Adds a picture's output pixels to the progress while it is written, and settles the account
/// whatever becomes of it.
class Meter {
  public:
    Meter(Progress& progress, double pixels) : progress_(progress), pixels_(std::int64_t(pixels)) {
        progress_.total += pixels_;
    }
    ~Meter() { at(1); }
    void at(double fraction) {
        const auto now = std::int64_t(std::clamp(fraction, 0.0, 1.0) * double(pixels_));
        const auto before = last_.exchange(now);
        progress_.done += now - before;
    }

  private:
    Progress& progress_;
    const std::int64_t pixels_;
    std::atomic<std::int64_t> last_{0};
};

class Job {
  public:
    Job(const Item& item, Session& session, Progress& progress)
        : item_(item), session_(session), options_(session.options()), progress_(progress) {
        out_.input = item.input;
        out_.output = item.output;
    }

    Outcome run() {
        try {
            out_.status = enlargeOne();
        } catch (const Error& error) {
            if (error.kind() == Kind::cancelled) throw;
            fail(error.kind(), error.what());
        } catch (const std::bad_alloc&) {
            fail(Kind::internal, "not enough memory; allow less with --memory");
        } catch (const std::exception& error) {
            fail(Kind::internal, error.what());
        }
        finishJson();
        return std::move(out_);
    }

  private:
    Status enlargeOne() {
        const auto began = Clock::now();
        if (!item_.output.empty())
            if (const auto status = already(item_.output, options_)) return refused(*status);
        out_.json = json::object();
        const auto load = loadOptions(session_);
        codec::Picture picture = codec::open(item_.input, load);
        const auto before = codec::provenanceOf(picture.metadata.xmp);
        if (before && before->factor > 0) noteEarlier(*before);
        const plan::Evidence evidence = evidenceOf(picture, before ? &*before : nullptr);
        Work work = decide(picture, evidence, options_, session_);
        const codec::Format format = formatFor(item_, picture.format, options_);
        if (item_.output.empty())
            out_.output = outputFor(item_, format, work.target.factor, options_);
        if (format == codec::Format::dz) out_.output = codec::deepZoomFile(out_.output);
        out_.json["format"] = codec::facts(format).name;
        checkOutput();
        if (format == codec::Format::dz) codec::checkDeepZoomPlace(out_.output);
        if (const auto status = already(out_.output, options_)) return refused(*status);
        if (!options_.trustMap.empty()) checkTrustMap();
        const Session::Share share(session_, heavy(work));
        codec::decode(picture, item_.input, load);
        work = look(picture, evidence, options_, session_);
        out_.json.update(toJson(work));
        describe(picture, work, format);
        codec::SaveOptions save = saveOptions(session_, work, share.bytes());
        out_.notes = picture.notes;
        if (!earlier_.empty()) out_.notes.push_back(earlier_);
        for (std::string& note :
             codec::checkSave(resized(picture, work.target.crop), format, out_.output, save))
            out_.notes.push_back(std::move(note));
        if (options_.dryRun) return Status::done;

        Meter meter(progress_, double(work.target.crop.width) * work.target.crop.height *
                                   double(picture.frames.size()));
        RunFacts run;
        codec::Picture result =
            enlarge(picture, work, session_, networkMemory(share.bytes(), format), run);
        if (!options_.trustMap.empty()) writeTrustMap(picture, result, work, share.bytes(), run);
        mark(result, work, before.value_or(codec::Provenance()));
        save.progress = [&meter](double fraction) { meter.at(fraction); };
        makeFolder();
        try {
            codec::save(result, format, out_.output, save);
        } catch (const Error&) {
            if (session_.cancel()) session_.cancel()->check();
            run.failure->rethrow();
            throw;
        }
        report(work, run, std::chrono::duration<double>(Clock::now() - began).count(),
               double(result.frames.size()));
        return Status::done;
    }

    void noteEarlier(const codec::Provenance& before) {
        std::string last = before.steps.empty() ? "" : ", last " + utf8(before.steps.back());
        if (last.size() > 200) last.resize(200);
        earlier_ = before.factor > 1
                       ? fmt::format("already enlarged by a factor of {:.4g} by acuity{}",
                                     before.factor, last)
                       : "already worked on by acuity" + last;
        out_.json["alreadyEnlarged"] = before.factor;
    }

    /// Says in the picture itself what was done to it.
    void mark(codec::Picture& result, const Work& work, codec::Provenance provenance) {
        if (work.steps.empty() && !work.cleaning.any()) return;
        // What somebody else enlarged and was undone counts as ours: the way back leads there.
        // Where the sides grew unlike, the smaller factor: the way back must not lose anything.
        const Dimensions &full = work.target.full, from = work.undoes ? work.start : work.source;
        const double across = double(full.width) / from.width;
        const double down = double(full.height) / from.height;
        const double before = work.undoes ? 1 : work.enlargedBefore;
        const bool network =
            work.cleaning.any() || std::any_of(work.steps.begin(), work.steps.end(),
                                               [](const Step& s) { return !s.model.empty(); });
        const bool untouched = provenance.steps.empty() || provenance.factor == 0;
        const bool onlyReduced = untouched && std::max(across, down) <= 1 && !network;
        provenance.factor = onlyReduced ? 0 : std::max(1.0, before * std::min(across, down));
        provenance.width = work.target.crop.width;
        provenance.height = work.target.crop.height;
        provenance.reduction = work.binding.strength > 0 ? ops::name(work.binding.reduction) : "";
        provenance.steps.push_back(inShort(work, [&](const std::string& name) {
            return session_.runner(name, result.depth())->hash();
        }));
        const std::string software = "acuity " ACUITY_VERSION;
        result.metadata.xmp =
            codec::withProvenance(std::move(result.metadata.xmp), provenance, software);
    }

    /// The result is computed first and kept: the map and the file both read it.
    void writeTrustMap(const codec::Picture& picture, codec::Picture& result, const Work& work,
                       std::uint64_t memory, const RunFacts& run) {
        try {
            for (auto& frame : result.frames)
                frame = codec::settled(frame, memory / 4, session_.cancel());
        } catch (const vips::VError& error) {
            if (session_.cancel()) session_.cancel()->check();
            run.failure->rethrow();
            throw Error(Kind::internal, error.what());
        }
        const Trust trust = trustOf(picture, result, work, session_, memory);
        saveTrust(trust, options_.trustMap, session_);
        out_.json["trust"] = {{"map", utf8(options_.trustMap)}, {"meanLevels", trust.mean}};
    }

    Status refused(Status status) {
        out_.message = status == Status::skipped
                           ? inQuotes(out_.output) + " is already there"
                           : inQuotes(out_.output) +
                                 " exists; --overwrite replaces it, --skip-existing passes over it";
        return status;
    }

    /// A result replaces neither its own input nor another result of this run.
    void checkOutput() {
        if (out_.output == "-") return;
        std::error_code code;
        if (fs::equivalent(item_.input, out_.output, code))
            throw Error(Kind::output, inQuotes(out_.output) +
                                          " is the picture itself; give the result another name");
        if (!session_.claim(out_.output))
            throw Error(Kind::output, inQuotes(out_.output) +
                                          " is written for another picture of this run already; "
                                          "enlarge them in two runs, or keep their formats");
    }

    /// Neither does its map, nor the map's legend.
    void checkTrustMap() {
        const std::string& path = options_.trustMap;
        for (const std::string& file : {path, legendBeside(path)}) {
            std::error_code code;
            if (fs::equivalent(item_.input, file, code))
                throw Error(Kind::output,
                            inQuotes(file) + " is the picture itself; give the map another name");
            if (already(file, options_))
                throw Error(Kind::output, inQuotes(file) + " exists; --overwrite replaces it");
            if (!session_.claim(file))
                throw Error(Kind::output,
                            inQuotes(file) +
                                " is written by this run already; a map is of one picture, and "
                                "has a name of its own");
        }
        trustMapFormat(path);
    }

    void makeFolder() const {
        const fs::path folder = fs::path(out_.output).parent_path();
        if (out_.output == "-" || folder.empty()) return;
        std::error_code code;
        fs::create_directories(folder, code);
        if (code)
            throw Error(Kind::output, "cannot make the folder " + inQuotes(folder.string()) + ": " +
                                          code.message() + "; choose another place with -o");
    }

    void describe(const codec::Picture& picture, const Work& work, codec::Format format) {
        auto& lines = out_.explanation;
        lines.push_back(fmt::format("{} {} {} bits{}{}", codec::facts(picture.format).name,
                                    picture.grey() ? "grey" : "colour", picture.depth(),
                                    picture.alpha() ? " with transparency" : "",
                                    picture.frames.size() > 1
                                        ? fmt::format(", {} {}", picture.frames.size(),
                                                      picture.animated ? "frames" : "pages")
                                        : ""));
        for (std::string& line : explain(work)) lines.push_back(std::move(line));
        lines.push_back(
            fmt::format("written to {} as {}", inQuotes(out_.output), codec::facts(format).name));
    }

    void report(const Work& work, const RunFacts& run, double seconds, double frames) {
        json& j = out_.json;
        const double megapixels = frames * work.target.crop.width * work.target.crop.height / 1e6;
        j["seconds"] = seconds;
        j["megapixelsPerSecond"] = megapixels / seconds;
        j["peakMemoryBytes"] = peakMemory();
        if (!run.tile) return;
        const auto& stats = *run.stats;
        const auto useful = double(stats.useful.load()), computed = double(stats.computed.load());
        j["network"] = {{"engine", session_.engineName()},
                        {"precision", run.precision},
                        {"tile", run.tile},
                        {"tiles", stats.tiles.load()},
                        {"haloWaste", useful > 0 ? computed / useful : 1.0},
                        {"inferenceSeconds", double(stats.busy.load()) * 1e-9}};
    }

    void fail(Kind kind, const std::string& message) {
        out_.status = Status::failed;
        out_.kind = kind;
        // Every failure names its picture, whichever room it comes from.
        out_.message = naming(item_.input, message);
    }

    void finishJson() {
        json& j = out_.json;
        j["input"] = utf8(out_.input);
        j["output"] = out_.output.empty() ? json() : json(utf8(out_.output));
        j["status"] =
            options_.dryRun && out_.status == Status::done ? "planned" : statusName(out_.status);
        j["notes"] = out_.notes;
        if (!out_.message.empty()) j["message"] = utf8(out_.message);
    }

    const Item& item_;
    Session& session_;
    const Options& options_;
    Progress& progress_;
    Outcome out_;
    std::string earlier_;  // what an earlier run did, in words
};

}  // namespace

codec::Format formatFor(const Item& item, codec::Format input, const Options& options) {
    if (options.format) return *options.format;
    if (!item.output.empty() && item.output != "-") {
        const auto named = codec::formatOfName(fs::path(item.output).filename().string());
        if (named && codec::writableName(item.output)) return *named;
        throw Error(Kind::output, "cannot tell the format of " + inQuotes(item.output) +
                                      "; end its name in .jpg, .png, .webp, .tif, .avif, .jxl, "
                                      ".gif, .ppm or .dzi, or give --format");
    }
    return codec::facts(input).writable ? input : codec::Format::png;
}

std::string outputFor(const Item& item, codec::Format format, double factor,
                      const Options& options) {
    const fs::path input = item.input == "-" ? "stdin" : item.input;
    // The input's own spelling of the extension stays (.JPG, .jpeg) when the format does.
    const auto named = codec::formatOfName(input.filename().string());
    const bool same = named == format && input.has_extension() && format != codec::Format::dz;
    const std::string extension = same && codec::writableName(input.filename().string())
                                      ? input.extension().string()
                                      : "." + codec::extension(format);
    const std::string suffix = options.suffix.value_or(
        item.folder.empty() ? fmt::format("-{:.4g}x", factor) : std::string());
    const fs::path folder = item.folder.empty() ? input.parent_path() : fs::path(item.folder);
    return (folder / (input.stem().string() + suffix + extension)).string();
}

Outcome enlargeFile(const Item& item, Session& session, Progress& progress) {
    return Job(item, session, progress).run();
}

}  // namespace acuity::pipeline
