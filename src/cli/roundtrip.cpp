// `acuity roundtrip`: what is left of a picture that is shrunk and enlarged again and again.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "cli/rounds.h"
#include "cli/table.h"
#include "cli/video.h"
#include "codec/drawing.h"
#include "codec/load.h"
#include "codec/prepare.h"
#include "codec/save.h"
#include "ops/sheet.h"
#include "pipeline/batch.h"

namespace acuity::cli {
namespace {

namespace fs = std::filesystem;
using pipeline::Round;
using pipeline::Traveller;
using vips::VImage;

constexpr int kMostTimes = 10'000, kMostPixels = 40'000'000;
constexpr int kSheetWidth = 480, kVideoWidth = 640;

/// Options of enlarging that make sense here: what the model does, not where its result goes.
const std::set<std::string> kShared = {
    "model-option", "engine",     "device",       "precision",   "passes",   "prescale",
    "consistency",  "reduced-by", "protect-text", "tta",         "tile",     "threads",
    "memory",       "noise",      "blur",         "compression", "overwrite"};

struct Request {
    std::vector<std::string> inputs, models;
    std::string output;
    int times = 20;
    pipeline::Journey journey;
    pipeline::Options options;
    bool quiet = false, json = false;
};

/// An enlarger under its name.
struct Enlarger {
    std::string name;
    std::unique_ptr<pipeline::Session> session;
};

codec::Picture asPicture(const VImage& image) {
    codec::Picture picture;
    picture.frames = {image};
    return picture;
}

VImage original(const std::string& path, const Cancel& cancel) {
    codec::LoadOptions load;
    load.page = 0;
    load.maxPixels = kMostPixels;
    load.cancel = &cancel;
    codec::Picture picture = codec::open(path, load);
    codec::decode(picture, path, load);
    // As a JPEG would hold it: 8 bits, no transparency.
    return codec::flattened(picture, picture.frames.front()).copy_memory();
}

std::string oneLine(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool space = (unsigned char)c <= ' ';
        if (!space)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

/// All rounds of one picture with every enlarger, in step, so that they can be seen side by side.
class Expedition {
  public:
    Expedition(const Request& request, const std::string& name, const VImage& picture,
               const fs::path& folder, const std::vector<Enlarger>& enlargers, const Cancel& cancel)
        : request_(request),
          picture_(picture),
          folder_(folder),
          enlargers_(enlargers),
          cancel_(cancel),
          shown_(shownRounds(request.times)) {
        for (const Enlarger& enlarger : enlargers_) {
            travellers_.emplace_back(picture, request.journey, *enlarger.session);
            voyages_.push_back({name, enlarger.name, {}, {}});
        }
        rows_.assign(enlargers_.size(), {{picture, "original"}});
    }

    std::vector<Voyage> all() {
        fs::create_directories(folder_ / "frames");
        filming([&] { film(); });
        for (int round = 1; round <= request_.times; round++) {
            const bool shown = std::find(shown_.begin(), shown_.end(), round) != shown_.end();
            for (std::size_t i = 0; i < travellers_.size(); i++) {
                cancel_.check();
                voyages_[i].rounds.push_back(travellers_[i].next());
                voyages_[i].texts.emplace_back();
                if (shown) show(i, round);
            }
            filming([&] { film(); });
        }
        const VImage sheet = ops::sheet(rows_, kSheetWidth);
        codec::save(asPicture(sheet), codec::Format::png, (folder_ / "sheet.png").string(), {});
        filming([&] {
            if (video_) video_->finish();
        });
        return voyages_;
    }

  private:
    void show(std::size_t i, int round) {
        Voyage& voyage = voyages_[i];
        const Round& last = voyage.rounds.back();
        const VImage& picture = travellers_[i].picture();
        const auto path = folder_ / "frames" / fmt::format("{}-{:04}.png", voyage.model, round);
        codec::save(asPicture(picture), codec::Format::png, path.string(), {});
        if (reads_)
            voyage.texts.back() =
                oneLine(outputOf({"tesseract", fs::absolute(path).string(), "-"}).value_or(""));
        rows_[i].push_back({picture, fmt::format("{}, round {}: {:.2f} dB", voyage.model, round,
                                                 last.toOriginal.psnr)});
        if (!request_.quiet && !request_.json)
            fmt::print(
                "{}  {:<24} round {:4}  PSNR-Y {:6.2f} dB  SSIM {:.4f}  to round 1 {:6.2f} dB"
                "  small picture {:6.2f} dB\n",
                inQuotes(voyage.picture), voyage.model, round, last.toOriginal.psnr,
                last.toOriginal.ssim, last.toFirst.psnr, last.drift);
        std::fflush(stdout);
    }

    /// A video that cannot be made is no reason to give up the measurements.
    template <typename Step>
    void filming(Step step) {
        if (!films_) return;
        try {
            step();
        } catch (const Error& error) {
            if (error.kind() == Kind::cancelled) throw;
            films_ = false;
            video_.reset();
            fmt::print(stderr, "acuity: no video: {}\n", error.what());
        }
    }

    /// One more picture of the video: the original, and how far each enlarger has come.
    void film() {
        std::vector<ops::Cell> cells = {{picture_, "original"}};
        for (std::size_t i = 0; i < travellers_.size(); i++)
            cells.push_back(
                {travellers_[i].picture(),
                 fmt::format("{}, round {}", voyages_[i].model, voyages_[i].rounds.size())});
        const VImage sheet = ops::sheet({cells}, kVideoWidth);
        const double perSecond = std::clamp(request_.times / 10.0, 2.0, 25.0);
        if (!video_)
            video_ = std::make_unique<Video>((folder_ / "rounds.mp4").string(), sheet.width(),
                                             sheet.height(), perSecond);
        video_->add(sheet);
    }

    const Request& request_;
    const VImage picture_;
    const fs::path folder_;
    const std::vector<Enlarger>& enlargers_;
    const Cancel& cancel_;
    const std::vector<int> shown_;
    const bool reads_ = hasProgram("tesseract");
    bool films_ = hasProgram("ffmpeg");
    std::vector<Traveller> travellers_;
    std::vector<Voyage> voyages_;
    std::vector<std::vector<ops::Cell>> rows_;
    std::unique_ptr<Video> video_;
};

/// A name that nothing in `taken` has yet, and takes it.
std::string unique(const std::string& name, std::set<std::string>& taken) {
    std::string made = name;
    for (int n = 2; !taken.insert(made).second; n++) made = fmt::format("{}-{}", name, n);
    return made;
}

std::vector<Enlarger> enlargers(const Request& request, const Cancel& cancel) {
    std::vector<Enlarger> found;
    std::set<std::string> taken;
    for (const std::string& model : request.models) {
        pipeline::Options options = request.options;
        options.model = model;
        auto session = std::make_unique<pipeline::Session>(options, &cancel);
        const std::string name = fs::path(session->choice().name).stem().string();
        found.push_back({unique(name, taken), std::move(session)});
    }
    return found;
}

std::string title(const Request& request, std::size_t pictures) {
    const pipeline::Journey& journey = request.journey;
    return fmt::format("Shrunk {:.4g}x by {}{} and enlarged again{}", journey.factor,
                       journey.kernel ? ops::name(*journey.kernel) : "kernels by lot",
                       journey.jpeg ? fmt::format(", stored as JPEG {},", journey.jpeg) : "",
                       pictures > 1 ? fmt::format(" (mean of {} pictures)", pictures) : "");
}

nlohmann::json asJson(const Voyage& voyage) {
    nlohmann::json rounds = nlohmann::json::array();
    for (std::size_t i = 0; i < voyage.rounds.size(); i++) {
        const Round& r = voyage.rounds[i];
        rounds.push_back({{"round", i + 1},
                          {"kernel", ops::name(r.kernel)},
                          {"psnrY", r.toOriginal.psnr},
                          {"ssim", r.toOriginal.ssim},
                          {"psnrYToRound1", r.toFirst.psnr},
                          {"ssimToRound1", r.toFirst.ssim},
                          {"smallDriftDb", r.drift}});
        if (!voyage.texts[i].empty()) rounds.back()["text"] = voyage.texts[i];
    }
    return {{"picture", voyage.picture}, {"model", voyage.model}, {"rounds", rounds}};
}

/// A picture, its name in the table, and the folder for what is seen of it.
struct Start {
    std::string input, name;
    fs::path place;
};

std::vector<Start> starts(const Request& request) {
    const auto inputs = pipeline::itemsFor({request.inputs, "", false}, request.options);
    std::vector<Start> found;
    std::set<std::string> taken;
    const fs::path folder = request.output;
    for (const pipeline::Item& item : inputs) {
        const std::string name = unique(fs::path(item.input).stem().string(), taken);
        found.push_back({item.input, name, inputs.size() > 1 ? folder / name : folder});
    }
    return found;
}

/// Before anything is made, so that no result of hours is lost at its end.
void refuseToReplace(const Request& request, const std::vector<Start>& all) {
    const fs::path folder = request.output;
    std::vector<fs::path> made = {folder / "rounds.csv", folder / "plot.svg", folder / "plot.png"};
    for (const Start& start : all)
        for (const char* name : {"sheet.png", "rounds.mp4", "frames"})
            made.push_back(start.place / name);
    std::error_code code;
    for (const fs::path& path : made) {
        if (!fs::exists(path, code)) continue;
        for (const Start& start : all)
            if (fs::equivalent(start.input, path, code) ||
                fs::equivalent(fs::path(start.input).parent_path(), path, code))
                throw Error(Kind::output, inQuotes(start.input) +
                                              " would be replaced by what is made of it; name "
                                              "another folder with -o");
        if (!request.options.overwrite)
            throw Error(Kind::output, inQuotes(path.string()) +
                                          " exists; name another folder with -o, or say "
                                          "--overwrite");
    }
}

int run(const Request& request, const Cancel& cancel) {
    const std::vector<Start> all = starts(request);
    refuseToReplace(request, all);
    const std::vector<Enlarger> with = enlargers(request, cancel);
    std::vector<Voyage> voyages;
    const fs::path folder = request.output;
    int failed = 0;
    for (const Start& start : all) {
        try {
            Expedition expedition(request, start.name, original(start.input, cancel), start.place,
                                  with, cancel);
            for (const Voyage& voyage : expedition.all()) {
                if (request.json) std::cout << jsonText(asJson(voyage)) << std::endl;
                voyages.push_back(voyage);
            }
        } catch (const Error& error) {
            if (all.size() == 1 || !ofOneInput(error)) throw;
            fmt::print(stderr, "acuity: {}\n", naming(start.input, error.what()));
            failed++;
            continue;
        }
        // After every picture, so that a long run can be watched.
        writeFile((folder / "rounds.csv").string(), csv(voyages));
        const std::string svg = chart(voyages, title(request, voyages.size() / with.size()));
        writeFile((folder / "plot.svg").string(), svg);
        if (const auto image = codec::drawn(svg))
            codec::save(asPicture(*image), codec::Format::png, (folder / "plot.png").string(), {});
    }
    return failed ? 1 : 0;
}

void setKernel(Request& request, const std::string& name) {
    request.journey.kernel = ops::reductionOfName(name);
    if (!request.journey.kernel && name != "mix")
        throw Error(Kind::usage,
                    "--kernel: it takes box, bilinear, hamming, bicubic, lanczos, mitchell or mix");
}

}  // namespace

int roundtrip(const Arguments& arguments, const Cancel& cancel) {
    CLI::App app(
        "Shrinks and enlarges pictures again and again, and measures what is left of them.\n"
        "Writes rounds.csv, plot.svg, plot.png, sheet.png, frames and, with ffmpeg installed,\n"
        "rounds.mp4; with Tesseract installed it reads the lettering.",
        "acuity roundtrip");
    app.footer("Example: acuity roundtrip photo.png -m auto -m bicubic --kernel mix -o rounds");
    Request request;
    request.options.protectText = false;
    request.journey.kernel = ops::Kernel::bicubic;
    auto& journey = request.journey;
    app.add_option("INPUT", request.inputs, "pictures or folders")->required();
    app.add_option("-o,--output", request.output, "folder for what is found")
        ->type_name("DIR")
        ->required();
    between(app.add_option("--times", request.times, "rounds (default 20)"), 1, kMostTimes);
    between(app.add_option("--factor", journey.factor, "by which it is shrunk (default 4)"), 1.01,
            64.0);
    app.add_option_function<std::string>(
           "--kernel", [&](const std::string& name) { setKernel(request, name); },
           "that shrinks it: box, bilinear, hamming, bicubic (default), lanczos, mitchell, or mix: "
           "one of them by lot in each round")
        ->type_name("K");
    between(app.add_option("--jpeg", journey.jpeg, "store it as JPEG of this quality in between"),
            1, 100);
    app.add_option("--seed", journey.seed, "of --kernel mix (default 1)");
    app.add_flag("--known", journey.known, "tell the enlarger which kernel it was");
    repeatable(app.add_option("-m,--model", request.models,
                              "what enlarges it, as in acuity -m; may be repeated (default auto)"))
        ->type_name("NAME");
    app.add_flag("--quiet", request.quiet, "only errors");
    app.add_flag("--json", request.json, "one JSON object per picture and model");
    addTable(app, request.options,
             [](const api::Option& option) { return kShared.count(option.name) > 0; });
    app.get_option("--protect-text")
        ->description("lettering by the faithful model (default off: a model is judged as it is)");
    if (const auto status = parse(app, arguments)) return *status;
    if (request.models.empty()) request.models = {"auto"};
    return run(request, cancel);
}

}  // namespace acuity::cli
