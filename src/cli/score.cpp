// `acuity score SR HR`: how near an enlarged picture is to the original.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
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

/// Whether an SR name is the HR's, or goes on after it with something else than its number:
/// "baby-4x" or "babyx4" for "baby", but not "img10" for "img1".
bool belongs(const std::string& name, const std::string& stem) {
    if (name.rfind(stem, 0) != 0) return false;
    const auto is = [&](std::size_t at, int (*kind)(int)) {
        return at < name.size() && kind(static_cast<unsigned char>(name[at])) != 0;
    };
    const std::size_t end = stem.size();
    return !is(end, std::isalnum) || (name[end] == 'x' && is(end + 1, std::isdigit));
}

/// The one of `candidates` that is the enlarged `stem`: of that very name, or the only one whose
/// name goes on after it.
fs::path counterpart(const std::string& stem, const std::vector<fs::path>& candidates,
                     const std::vector<std::string>& stems) {
    std::vector<fs::path> found;
    for (const fs::path& candidate : candidates) {
        const std::string name = candidate.stem().string();
        if (name == stem) return candidate;
        const bool others = std::any_of(stems.begin(), stems.end(), [&](const std::string& other) {
            return other.size() > stem.size() && belongs(name, other);
        });
        if (belongs(name, stem) && !others) found.push_back(candidate);
    }
    if (found.empty())
        throw Error(Kind::input, "no enlarged picture is named after " + inQuotes(stem) +
                                     "; give it the same name, or one that goes on after it");
    if (found.size() > 1)
        throw Error(Kind::input, inQuotes(found[0].string()) + " and " +
                                     inQuotes(found[1].string()) + " are both named after " +
                                     inQuotes(stem) + "; leave one of them in the folder");
    return found.front();
}

/// SR and HR of one name.
std::vector<std::pair<fs::path, fs::path>> pairs(const fs::path& sr, const fs::path& hr) {
    if (!fs::is_directory(hr)) return {{sr, hr}};
    std::vector<std::pair<fs::path, fs::path>> found;
    const auto candidates = pictures(sr), originals = pictures(hr);
    std::vector<std::string> stems;
    for (const fs::path& original : originals) stems.push_back(original.stem().string());
    for (std::size_t i = 0; i < originals.size(); i++)
        found.emplace_back(counterpart(stems[i], candidates, stems), originals[i]);
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
    between(app.add_option("--scale", scale, "factor it was enlarged by (default 4)"), 1, 64);
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
            std::cout << jsonText(asJson(name, s)) << "\n";
        } else {
            fmt::print("{:<24} PSNR-Y {:6.3f} dB  SSIM {:.4f}  LR-PSNR {:6.2f} dB\n", name, s.psnr,
                       s.ssim, s.lrPsnr);
        }
    };
    double count = 0;
    for (const auto& [enlarged, original] : found) {
        try {
            const ops::Scores s =
                ops::score(pixels(enlarged.string()), pixels(original.string()), scale, crop);
            print(original.stem().string(), s);
            sum.psnr += s.psnr;
            sum.ssim += s.ssim;
            sum.lrPsnr += s.lrPsnr;
            count++;
        } catch (const Error& error) {
            if (found.size() == 1) throw;
            fmt::print(stderr, "acuity: {}\n", naming(original.string(), error.what()));
        }
    }
    if (count > 1) print("mean", {sum.psnr / count, sum.ssim / count, sum.lrPsnr / count});
    return count == double(found.size()) ? 0 : 1;
}

}  // namespace acuity::cli
