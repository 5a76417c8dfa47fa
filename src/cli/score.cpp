// `acuity score SR HR`: how near an enlarged picture is to the original.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "codec/formats.h"
#include "codec/load.h"
#include "ops/metrics.h"

namespace acuity::cli {
namespace fs = std::filesystem;

namespace {

vips::VImage pixels(const std::string& path) {
    codec::LoadOptions options;
    options.page = 0;
    codec::Picture picture = codec::open(path, options);
    codec::decode(picture, path, options);
    return picture.frames.front();
}

std::vector<fs::path> pictures(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_regular_file() && codec::formatOfName(entry.path().filename().string()))
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

/// SR and HR of one name; an SR name may go on after the HR's ("baby-4x.png" for "baby.png").
std::vector<std::pair<fs::path, fs::path>> pairs(const fs::path& sr, const fs::path& hr) {
    if (!fs::is_directory(hr)) return {{sr, hr}};
    std::vector<std::pair<fs::path, fs::path>> found;
    const auto candidates = pictures(sr);
    for (const fs::path& original : pictures(hr)) {
        const std::string stem = original.stem().string();
        const auto match = [&](bool exact) {
            return std::find_if(candidates.begin(), candidates.end(), [&](const fs::path& c) {
                const std::string name = c.stem().string();
                return exact ? name == stem : name.rfind(stem, 0) == 0;
            });
        };
        auto best = match(true);
        if (best == candidates.end()) best = match(false);
        if (best == candidates.end())
            throw Error(Kind::input, "there is no counterpart of " + inQuotes(original.string()) +
                                         " in " + inQuotes(sr.string()));
        found.emplace_back(*best, original);
    }
    if (found.empty()) throw Error(Kind::input, "no pictures are in " + inQuotes(hr.string()));
    return found;
}

nlohmann::json asJson(const std::string& name, const ops::Scores& s) {
    return {{"name", name},
            {"psnrY", s.psnr},
            {"ssim", std::isnan(s.ssim) ? nlohmann::json() : nlohmann::json(s.ssim)},
            {"lrPsnr", s.lrPsnr}};
}

}  // namespace

int score(const Arguments& arguments) {
    CLI::App app(
        "PSNR-Y, SSIM and LR-PSNR as the super-resolution field defines them.\n"
        "Two pictures, or two folders whose names match.",
        "acuity score");
    std::string sr, hr;
    int scale = 4, crop = -1;
    bool json = false;
    app.add_option("SR", sr, "the enlarged picture")->required();
    app.add_option("HR", hr, "the original")->required();
    app.add_option("--scale", scale, "factor it was enlarged by (default 4)")
        ->check(CLI::Range(1, 64));
    app.add_option("--crop", crop, "border left out in pixels (default: the scale)");
    app.add_flag("--json", json, "one JSON object per picture, the mean last");
    if (const auto status = parse(app, arguments)) return *status;
    if (crop < 0) crop = scale;
    for (const std::string& path : {sr, hr})
        if (!fs::exists(path)) throw Error(Kind::input, "there is no " + inQuotes(path));
    if (fs::is_directory(sr) != fs::is_directory(hr))
        throw Error(Kind::usage, "give two pictures or two folders");
    codec::startVips();
    ops::Scores sum;
    const auto found = pairs(sr, hr);
    const auto print = [&](const std::string& name, const ops::Scores& s) {
        if (json) {
            std::cout << asJson(name, s).dump() << "\n";
        } else {
            fmt::print("{:<24} PSNR-Y {:6.3f} dB  SSIM {:.4f}  LR-PSNR {:6.2f} dB\n", name, s.psnr,
                       s.ssim, s.lrPsnr);
        }
    };
    for (const auto& [enlarged, original] : found) {
        const ops::Scores s =
            ops::score(pixels(enlarged.string()), pixels(original.string()), scale, crop);
        print(original.stem().string(), s);
        sum.psnr += s.psnr;
        sum.ssim += s.ssim;
        sum.lrPsnr += s.lrPsnr;
    }
    const double n = double(found.size());
    if (found.size() > 1) print("mean", {sum.psnr / n, sum.ssim / n, sum.lrPsnr / n});
    return 0;
}

}  // namespace acuity::cli
