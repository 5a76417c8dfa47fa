// `acuity compare`: one picture enlarged in several ways, on one sheet.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/variants.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "cli/table.h"
#include "codec/formats.h"
#include "codec/load.h"
#include "codec/prepare.h"
#include "codec/provenance.h"
#include "codec/save.h"
#include "ops/resample.h"
#include "ops/sheet.h"
#include "ops/telling.h"
#include "pipeline/enlarge.h"
#include "pipeline/work.h"

namespace acuity::cli {
namespace {

namespace fs = std::filesystem;
using api::sessionKey;
using api::Variant;
using nlohmann::json;
using pipeline::Session;
using pipeline::Work;
using vips::VImage;

constexpr int kThumbnail = 480, kCropWidth = 360, kCropHeight = 270, kCrops = 3;

struct Request {
    std::string input, sheet, files, grid;
    pipeline::Options options;
    bool quiet = false, json = false;
};

struct Result {
    Variant variant;
    bool automatic = false;  // it is what Acuity does unless told otherwise
    codec::Picture picture;
    VImage shown;  // 8 bits, no transparency
    json work;
    double seconds = 0;
    std::string file;
};

/// What is done to the pixels, apart from findings and reasons.
json essence(json work) {
    for (const char* why : {"findings", "reasons", "shrunkBecause"}) work.erase(why);
    return work;
}

class Comparison {
  public:
    Comparison(const Request& request, const Cancel& cancel) : request_(request), cancel_(cancel) {}

    void run() {
        load();
        std::vector<Variant> variants =
            request_.grid.empty() ? api::classicVariants() : api::grid(request_.grid);
        variants.insert(variants.begin(), {"what Acuity chooses", {}});
        for (const Variant& variant : variants) enlarge(variant);
        const VImage sheet = drawn();
        codec::Picture picture;
        picture.frames = {sheet};
        codec::save(picture, codec::Format::png, request_.sheet, {});
        report();
    }

  private:
    void load() {
        codec::LoadOptions load;
        load.page = std::max(0, request_.options.page);
        load.maxPixels = request_.options.maxInputPixels;
        load.salvage = request_.options.salvage;
        load.cancel = &cancel_;
        input_ = codec::open(request_.input, load);
        history_ = codec::provenanceOf(input_.metadata.xmp);
        codec::decode(input_, request_.input, load);
    }

    void enlarge(const Variant& variant) {
        cancel_.check();
        const auto began = std::chrono::steady_clock::now();
        auto& session = sessions_[sessionKey(variant)];
        const pipeline::Options options = api::with(request_.options, variant);
        if (!session) session = std::make_unique<Session>(options, &cancel_);
        const Work work =
            pipeline::look(input_, pipeline::evidenceOf(input_, history_ ? &*history_ : nullptr),
                           options, *session);
        Result result{variant, results_.empty(), {}, {}, toJson(work), 0, {}};
        const auto known = std::find_if(results_.begin(), results_.end(), [&](const Result& other) {
            return sessionKey(other.variant) == sessionKey(variant) &&
                   essence(other.work) == essence(result.work);
        });
        if (known != results_.end()) {
            // The same pixels again: no need to compute them, and worth knowing.
            if (known->automatic && known->variant.settings.empty())
                known->variant = {variant.label + " (what Acuity chooses)", variant.settings};
            else
                known->variant.label += " = " + variant.label;
            return;
        }
        result.picture = enlarged(input_, work, *session);
        result.shown = codec::flattened(result.picture, result.picture.frames.front());
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
        result.seconds = taken.count();
        if (!request_.files.empty()) keep(result);
        results_.push_back(std::move(result));
        if (!request_.quiet && !request_.json)
            fmt::print(stderr, "{}: {:.2f} s\n", variant.label, results_.back().seconds);
    }

    void keep(Result& result) const {
        std::string name;
        for (const char c : result.variant.label)
            name += std::isalnum((unsigned char)c) || c == '.' ? c : '-';
        fs::create_directories(request_.files);
        result.file =
            (fs::path(request_.files) / fmt::format("{:02}-{}.png", results_.size() + 1, name))
                .string();
        if (!request_.options.overwrite && fs::exists(result.file))
            throw Error(Kind::output, inQuotes(result.file) + " exists; --overwrite replaces it");
        codec::save(result.picture, codec::Format::png, result.file, {});
    }

    /// A row for the input and each variant: the whole, and the places where they differ most.
    VImage drawn() {
        std::vector<VImage> pictures;
        for (const Result& result : results_) pictures.push_back(result.shown);
        places_ = ops::tellingPlaces(pictures, kCropWidth, kCropHeight, kCrops);
        const int wide = pictures.front().width(), high = pictures.front().height();
        std::vector<std::vector<ops::Cell>> rows = {row(
            ops::resample(codec::flattened(input_, input_.frames.front()), wide, high,
                          ops::Kernel::nearest),
            fmt::format("the input, {}x{}, its pixels repeated", input_.width(), input_.height()))};
        frame(rows.front().front().picture);
        for (const Result& result : results_)
            rows.push_back(row(
                result.shown, fmt::format("{}  ({:.2f} s)", result.variant.label, result.seconds)));
        return ops::sheet(rows, kThumbnail);
    }

    std::vector<ops::Cell> row(const VImage& picture, const std::string& label) const {
        const double height = double(picture.height()) * kThumbnail / picture.width();
        const bool large = picture.width() > kThumbnail;
        std::vector<ops::Cell> cells = {
            {large ? ops::resample(picture, kThumbnail, std::max(1, int(std::lround(height))),
                                   ops::Kernel::lanczos)
                   : picture,
             label}};
        int number = 1;
        for (const ops::Rect& r : places_)
            cells.push_back({picture.crop(r.left, r.top, r.width, r.height),
                             fmt::format("place {}, 1:1", number++)});
        return cells;
    }

    /// Draws the places into the small picture.
    void frame(VImage& small) const {
        const double scale = double(small.width()) / results_.front().shown.width();
        const std::vector<double> red =
            small.bands() == 1 ? std::vector<double>{255} : std::vector<double>{255, 0, 0};
        small = small.copy_memory();
        for (const ops::Rect& r : places_)
            small.draw_rect(red, int(r.left * scale), int(r.top * scale),
                            std::max(1, int(r.width * scale)), std::max(1, int(r.height * scale)));
    }

    void report() const {
        if (!request_.json) {
            if (!request_.quiet)
                fmt::print("{} -> {}  {} variants\n", inQuotes(request_.input),
                           inQuotes(request_.sheet), results_.size());
            return;
        }
        json object = {{"input", request_.input}, {"sheet", request_.sheet}};
        for (const ops::Rect& r : places_)
            object["places"].push_back({r.left, r.top, r.width, r.height});
        for (const Result& result : results_) {
            json settings = json::object();
            for (const auto& [name, value] : result.variant.settings) settings[name] = value;
            object["variants"].push_back({{"label", result.variant.label},
                                          {"settings", settings},
                                          {"automatic", result.automatic},
                                          {"seconds", result.seconds},
                                          {"plan", result.work}});
            if (!result.file.empty()) object["variants"].back()["file"] = result.file;
        }
        std::cout << jsonText(object) << std::endl;
    }

    const Request& request_;
    const Cancel& cancel_;
    codec::Picture input_;
    std::optional<codec::Provenance> history_;
    std::map<std::string, std::unique_ptr<Session>> sessions_;
    std::vector<Result> results_;  // what Acuity chooses comes first
    std::vector<ops::Rect> places_;
};

bool wanted(const api::Option& option) {
    static const std::set<std::string> files = {"page", "overwrite", "salvage", "max-input-pixels"};
    const std::string group = option.group, name = option.name;
    return (group != "Files" || files.count(name)) && name != "dry-run";
}

}  // namespace

int compare(const Arguments& arguments, const Cancel& cancel) {
    CLI::App app(
        "Enlarges one picture in several ways and puts them on one sheet: the whole, and the "
        "three\n"
        "places where they differ most. Unless --try says otherwise: directly, in two steps, each\n"
        "of them from a picture halved first, and what Acuity chooses.",
        "acuity compare");
    app.footer("Example: acuity compare photo.jpg --try 'prescale=100,50;passes=1,2' -o sheet.png");
    Request request;
    app.add_option("INPUT", request.input, "picture")->required();
    app.add_option("-o,--output", request.sheet, "the sheet, a PNG (default: NAME-compare.png)")
        ->type_name("SHEET");
    app.add_option("--try", request.grid, "every combination of options, as name=value,value;...")
        ->type_name("GRID");
    app.add_option("--files", request.files, "write each result into this folder, too")
        ->type_name("DIR");
    app.add_flag("--quiet", request.quiet, "only errors");
    app.add_flag("--json", request.json, "one JSON object: every variant's settings and seconds");
    addTable(app, request.options, wanted);
    if (const auto status = parse(app, arguments)) return *status;
    if (request.sheet.empty()) {
        const fs::path input = request.input;
        request.sheet = (input.parent_path() / (input.stem().string() + "-compare.png")).string();
    }
    if (codec::formatOfName(request.sheet) != codec::Format::png)
        throw Error(Kind::usage, "the sheet is a PNG; end its name in .png");
    if (!request.options.overwrite && fs::exists(request.sheet))
        throw Error(Kind::output, inQuotes(request.sheet) + " exists; --overwrite replaces it");
    Comparison(request, cancel).run();
    return 0;
}

}  // namespace acuity::cli
