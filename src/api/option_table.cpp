#include "api/option_table.h"

#include <algorithm>

#include "api/values.h"
#include "base/error.h"
#include "base/files.h"
#include "codec/formats.h"

namespace acuity::api {

using pipeline::Options;

namespace {

using Apply = std::function<void(Options&, const std::string&)>;

/// One of a few words.
Apply word(std::string Options::*field, std::vector<std::string> words) {
    return [field, words](Options& o, const std::string& v) {
        if (std::find(words.begin(), words.end(), v) == words.end()) {
            std::string list;
            for (const std::string& w : words) list += (list.empty() ? "" : ", ") + w;
            throw Error(Kind::usage, inQuotes(v) + " is not one of " + list);
        }
        o.*field = v;
    };
}

Apply flag(bool Options::*field) {
    return [field](Options& o, const std::string& v) { o.*field = onOff(v); };
}

/// An int with a word for "you choose", stored as `chosen`.
Apply count(int Options::*field, int least, int most, const char* word = "", int chosen = 0) {
    return [=](Options& o, const std::string& v) {
        o.*field = *word && v == word ? chosen : whole(v, least, most);
    };
}

/// A strength in percent, "off" for none, "auto" for what is measured.
Apply dial(std::optional<double> Options::*field) {
    return [field](Options& o, const std::string& v) {
        if (v == "auto")
            o.*field = std::nullopt;
        else
            o.*field = v == "off" ? 0 : number(v, 0, 100) / 100;
    };
}

/// A stage that is not built yet: takes its neutral values and does nothing.
Apply neutral(std::vector<std::string> values) {
    return [values](Options&, const std::string& v) {
        if (std::find(values.begin(), values.end(), v) == values.end())
            throw Error(Kind::usage,
                        "this version cannot do that yet" +
                            (values.empty() ? std::string() : "; it takes only " + values.front()));
    };
}

void setFormat(Options& o, const std::string& v) {
    const auto format = codec::formatOfName(v);
    if (!format || !codec::facts(*format).writable)
        throw Error(Kind::usage, inQuotes(v) +
                                     " is no format that can be written; there are jpg, "
                                     "png, webp, tiff, avif, jxl, gif, ppm and dz");
    o.format = format;
}

void setFit(Options& o, const std::string& v) {
    using pipeline::Fit;
    if (v != "inside" && v != "cover" && v != "exact")
        throw Error(Kind::usage, inQuotes(v) + " is not one of inside, cover, exact");
    o.size.fit = v == "inside" ? Fit::inside : v == "cover" ? Fit::cover : Fit::exact;
}

void setModelOption(Options& o, const std::string& v) {
    const auto equals = v.find('=');
    if (equals == 0 || equals == std::string::npos)
        throw Error(Kind::usage, "it takes NAME=VALUE, such as scale=3");
    o.modelOptions[v.substr(0, equals)] = v.substr(equals + 1);
}

void setReducedBy(Options& o, const std::string& v) {
    o.reducedBy = ops::reductionOfName(v);
    if (!o.reducedBy && v != "auto")
        throw Error(Kind::usage, inQuotes(v) +
                                     " is not one of auto, box, bilinear, hamming, bicubic, "
                                     "lanczos, mitchell");
}

void setPrescale(Options& o, const std::string& v) {
    if (v == "auto") {
        o.prescale = std::nullopt;
    } else if (v == "off") {
        o.prescale = 1;
    } else {
        const bool marked = v.size() > 1 && v.back() == '%';
        o.prescale = number(marked ? v.substr(0, v.size() - 1) : v, 1, 100) / 100;
    }
}

constexpr int kMostPixels = 10'000'000;

std::vector<Option> makeTable() {
    const auto side = [](std::optional<int> pipeline::SizeRequest::*field) {
        return
            [field](Options& o, const std::string& v) { o.size.*field = whole(v, 1, kMostPixels); };
    };
    return {
        {"scale", "-s,--scale", "F", "Size", "enlarge by this factor, 1 to 64 (default 4)",
         [](Options& o, const std::string& v) {
             const bool marked = v.size() > 1 && (v.back() == 'x' || v.back() == 'X');
             o.size.scale = number(marked ? v.substr(0, v.size() - 1) : v, 1, plan::kMaxFactor);
         }},
        {"size", "--size", "WxH", "Size", "to this many pixels, see --fit",
         [](Options& o, const std::string& v) { std::tie(o.size.width, o.size.height) = box(v); }},
        {"fit", "--fit", "HOW", "Size", "inside the size (default), cover it, or exact", setFit},
        {"width", "--width", "W", "Size", "to this width in pixels",
         side(&pipeline::SizeRequest::width)},
        {"height", "--height", "H", "Size", "to this height in pixels",
         side(&pipeline::SizeRequest::height)},
        {"short-side", "--short-side", "N", "Size", "to this shorter side in pixels",
         side(&pipeline::SizeRequest::shortSide)},
        {"long-side", "--long-side", "N", "Size", "to this longer side in pixels",
         side(&pipeline::SizeRequest::longSide)},
        {"print", "--print", "WxHcm", "Size", "to this size on paper (cm, mm, in) at --dpi",
         [](Options& o, const std::string& v) {
             std::tie(o.size.printWidth, o.size.printHeight) = paper(v);
         }},
        {"dpi", "--dpi", "N", "Size", "dots per inch to print at and to write (default 300)",
         [](Options& o, const std::string& v) { o.dpi = o.size.dpi = number(v, 1, 100000); }},

        {"model", "-m,--model,-n", "NAME", "Choice",
         "auto, a name from `acuity models list`, or a model file",
         [](Options& o, const std::string& v) { o.model = v; }},
        {"model-option", "--model-option", "K=V", "Choice",
         "what a model's file does not say, such as scale=3; may be repeated", setModelOption,
         true},
        {"engine", "--engine", "E", "Choice", "cpu, gpu or auto",
         word(&Options::engine, {"auto", "cpu", "gpu"})},
        {"device", "--device,-g", "N", "Choice", "which GPU, from 0",
         count(&Options::device, 0, 64)},
        {"precision", "--precision", "P", "Choice", "auto, bf16 or f32",
         word(&Options::precision, {"auto", "bf16", "f32"})},
        {"passes", "--passes", "N", "Choice", "reach the size in N equal steps, or auto",
         count(&Options::passes, 1, 6, "auto")},
        {"noise", "--noise", "0..100", "Choice",
         "take away noise: 0 none, 100 a standard deviation of 30 levels of 255; auto: what is "
         "measured (default)",
         dial(&Options::noise)},
        {"blur", "--blur", "0..100", "Choice",
         "take away softness: 0 none, 100 all detail is gone; auto: what is measured (default)",
         dial(&Options::blur)},
        {"compression", "--compression", "0..100", "Choice",
         "take away the traces of JPEG: 0 none, 100 a quality of 20; auto: what is measured "
         "(default)",
         dial(&Options::compression)},
        {"prescale", "--prescale", "P%", "Choice",
         "make it smaller first, to 1 to 100 % of its sides; off; or auto: to its true size where "
         "it was enlarged before, which is undone exactly where that is possible (default)",
         setPrescale},
        {"consistency", "--consistency", "0..1", "Choice",
         "bind the result to the input: shrunk again it says the same; auto binds where the kernel "
         "that made the picture small is found (default)",
         [](Options& o, const std::string& v) {
             o.consistency = v == "auto" ? std::nullopt : std::optional(number(v, 0, 1));
         }},
        {"reduced-by", "--reduced-by", "KERNEL", "Choice",
         "what made the picture small: box, bilinear, hamming, bicubic, lanczos, mitchell, or auto "
         "to find out (default)",
         setReducedBy},
        {"protect-text", "--protect-text", "on|off", "Choice",
         "lettering is enlarged by the faithful model and bound fully, whatever the model "
         "elsewhere "
         "(default on)",
         flag(&Options::protectText)},
        {"tta", "--tta,-x", "", "Choice", "mean over eight turns and flips: eight times slower",
         flag(&Options::tta)},

        {"format", "--format,-f", "EXT", "Files", "jpg, png, webp, tiff, avif, jxl, gif, ppm or dz",
         setFormat},
        {"quality", "-q,--quality", "N", "Files", "1 to 100, for formats that lose something",
         count(&Options::quality, 1, 100)},
        {"lossless", "--lossless", "", "Files", "WebP, AVIF and JXL without loss",
         flag(&Options::lossless)},
        {"effort", "--effort", "N", "Files", "1 (fast) to 9 (small)",
         count(&Options::effort, 1, 9)},
        {"depth", "--depth", "N", "Files", "8 or 16 bits a sample (default: the picture's)",
         [](Options& o, const std::string& v) {
             o.depth = whole(v, 8, 16);
             if (o.depth != 8 && o.depth != 16) throw Error(Kind::usage, "it takes 8 or 16");
         }},
        {"background", "--background", "RRGGBB", "Files",
         "colour behind transparency where a format has none (default FFFFFF)",
         [](Options& o, const std::string& v) { o.background = colour(v); }},
        {"suffix", "--suffix", "S", "Files", "added to the names of results (default -4x)",
         [](Options& o, const std::string& v) {
             if (v.find('/') != std::string::npos)
                 throw Error(Kind::usage, "a suffix cannot hold a slash");
             o.suffix = v;
         }},
        {"page", "--page", "N", "Files", "only this page or frame, from 0, or all",
         count(&Options::page, 0, 1'000'000, "all", -1)},
        {"overwrite", "--overwrite", "", "Files", "replace results that exist",
         flag(&Options::overwrite)},
        {"skip-existing", "--skip-existing", "", "Files", "pass over results that exist",
         flag(&Options::skipExisting)},
        {"keep-metadata", "--keep-metadata", "WHAT", "Files",
         "all, or none (the colour profile stays)",
         [](Options& o, const std::string& v) {
             if (v != "all" && v != "none") throw Error(Kind::usage, "it takes all or none");
             o.keepMetadata = v == "all";
         }},
        {"trust-map", "--trust-map", "FILE", "Files",
         "write a map of what goes beyond the input, in the result's size",
         [](Options& o, const std::string& v) { o.trustMap = v; }},
        {"salvage", "--salvage", "", "Files", "take what a damaged file still gives",
         flag(&Options::salvage)},
        {"max-input-pixels", "--max-input-pixels", "N", "Files",
         "refuse larger pictures (default 1e9)",
         [](Options& o, const std::string& v) { o.maxInputPixels = number(v, 1, 1e13); }},

        {"tile", "-t,--tile", "N", "Run", "side of the tiles in pixels, or auto",
         [](Options& o, const std::string& v) {
             o.tile = v == "auto" || v == "0" ? 0 : whole(v, 16, 4096);
         }},
        {"threads", "-j,--threads", "N", "Run", "cores to use (default: all)",
         [](Options& o, const std::string& v) {
             // load:process:save of the ncnn tools: the middle one counts.
             const auto first = v.find(':'), last = v.rfind(':');
             const bool three = first != std::string::npos && last > first;
             o.threads = whole(three ? v.substr(first + 1, last - first - 1) : v, 1, 1024);
         }},
        {"memory", "--memory", "SIZE", "Run", "bound, such as 2G (default: a quarter of all)",
         [](Options& o, const std::string& v) { o.memory = byteCount(v); }},
        {"seed", "--seed", "N", "Run", "for models that draw at random (none does yet)",
         [](Options&, const std::string& v) { whole(v, 0, 2'000'000'000); }},
        {"dry-run", "--dry-run", "", "Run", "say what would be done, and do nothing",
         flag(&Options::dryRun)},

        {"creativity", "--creativity", "", "Later", "", neutral({"0"})},
        {"blend", "--blend", "", "Later", "", neutral({"0"})},
        {"grain", "--grain", "", "Later", "", neutral({"0"})},
        {"faces", "--faces", "", "Later", "", neutral({"off", "0"})},
    };
}

}  // namespace

const std::vector<Option>& optionTable() {
    static const std::vector<Option> table = makeTable();
    return table;
}

void setOption(Options& options, const std::string& name, const std::string& value) {
    for (const Option& option : optionTable()) {
        if (option.name != name) continue;
        try {
            option.apply(options, value);
        } catch (const Error& error) {
            throw Error(Kind::usage, "--" + name + ": " + error.what());
        }
        return;
    }
    throw Error(Kind::usage, "there is no option " + inQuotes(name));
}

}  // namespace acuity::api
