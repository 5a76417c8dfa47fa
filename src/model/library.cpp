#include "model/library.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "model/onnx_facts.h"
#include "model/reader.h"
#include "weights/mapped.h"
#include "weights/ncnn.h"
#include "weights/protobuf.h"
#include "weights/read.h"

namespace acuity::model {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::array kModelEndings{".onnx", ".safetensors", ".pth", ".pt",  ".ckpt",
                                   ".bin",  ".param",       ".pb",  ".json"};

bool plainName(const std::string& name) {
    const auto allowed = [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 100 && name[0] != '.' &&
           std::all_of(name.begin(), name.end(), allowed);
}

bool endsLikeFile(const std::string& name) {
    const std::string ending = endingOf(name);
    return std::find(kModelEndings.begin(), kModelEndings.end(), ending) != kModelEndings.end();
}

fs::path cardPath(const std::string& name) {
    return fs::path(userFolder()) / (name + ".json");
}

OwnModel fromCard(const std::string& name) {
    const std::string path = cardPath(name).string();
    try {
        OwnModel model;
        model.name = name;
        model.card = json::parse(readFile(path, 1 << 20));
        if (!isCard(model.card)) throw Error(Kind::model, "");
        for (const json& file : model.card.value("files", json::array())) {
            const std::string own = file.at("name");
            if (!plainName(own)) throw Error(Kind::model, "");
            model.files.push_back({(fs::path(userFolder()) / own).string(), file.at("sha256")});
        }
        // A card written by hand names no files: as with shipped models, it lies beside NAME.onnx.
        if (model.files.empty())
            model.files.push_back({(fs::path(userFolder()) / (name + ".onnx")).string(),
                                   model.card.value("sha256", "")});
        model.options = model.card.value("options", architectures::Options());
        if (model.card.at("scale").is_number_integer()) return model;
    } catch (const json::exception&) {
    } catch (const Error&) {
    }
    throw Error(Kind::model, inQuotes(path) + " is no model card; `acuity models remove " + name +
                                 "` takes it away");
}

/// A file that a model consists of, and the ending that it has in the library.
struct Part {
    fs::path path;
    std::string ending;
};

/// All of them, the one to load first.
std::vector<Part> partsOf(const fs::path& file) {
    std::vector<Part> parts{{file, endingOf(file.string())}};
    if (const auto pair = weights::ncnnPair(file.string()); !pair.graph.empty())
        parts = {{pair.graph, ".param"}, {pair.weights, ".bin"}};
    for (const Part& part : parts) {
        std::error_code code;
        if (!fs::is_regular_file(part.path, code))
            throw Error(Kind::model, "there is no file " + inQuotes(part.path.string()));
    }
    return parts;
}

/// What a model is called where nobody says it: "x" of x.pth and of x.param.bin.
std::string nameFrom(const fs::path& file) {
    const fs::path stem = file.stem();
    return (stem.extension() == ".param" ? stem.stem() : stem).string();
}

/// Whether an ONNX file keeps tensors in other files (onnx.proto: data_location EXTERNAL).
bool hasExternalData(std::string_view onnx) {
    constexpr int kGraph = 7, kInitializer = 5, kDataLocation = 14, kExternal = 1;
    for (weights::Fields model(onnx); model.next();) {
        if (model.number() != kGraph || model.wire() != 2) continue;
        for (weights::Fields graph(model.bytes()); graph.next();) {
            if (graph.number() != kInitializer || graph.wire() != 2) continue;
            for (weights::Fields tensor(graph.bytes()); tensor.next();)
                if (tensor.number() == kDataLocation && tensor.integer() == kExternal) return true;
        }
    }
    return false;
}

/// The licence that a file states, or "unknown".
std::string licenceOf(const fs::path& file, std::string_view bytes) {
    if (weights::isSafetensors(bytes)) {
        const auto metadata = weights::parseSafetensors(bytes).metadata;
        for (const char* key : {"licence", "license", "modelspec.license"})
            if (const auto found = metadata.find(key); found != metadata.end())
                return found->second;
    } else if (endingOf(file.string()) == ".onnx") {
        for (const char* key : {"licence", "license"})
            if (const auto found = onnxMetadata(bytes, key)) return *found;
    }
    return "unknown";
}

/// Compiles it once for a small tile, so that nothing is added that cannot run.
void tryOut(const Model& model, engine::Engine& engine) {
    const Facts& facts = model.facts;
    int side = 16 + 2 * facts.halo;
    while (side % facts.align) side++;
    // The engine is not the runner's to keep here.
    Runner runner(model, {&engine, [](engine::Engine*) {}}, {});
    runner.compiled(facts.fixedHeight ? facts.fixedHeight : side,
                    facts.fixedWidth ? facts.fixedWidth : side);
}

/// By its name, as "CC-BY-NC-4.0" or "for non-commercial use".
bool forbidsCommerce(std::string licence) {
    std::transform(licence.begin(), licence.end(), licence.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    for (const char* sign : {"-nc", "noncommercial", "non-commercial"})
        if (licence.find(sign) != std::string::npos) return true;
    return false;
}

json cardOf(const Model& model, const Addition& addition, const fs::path& file) {
    json card = model.card.is_object() ? model.card : json::object();
    card.erase("sha256");
    // A card beside an ONNX file says how to run its bytes; without one it is looked into again.
    if (endingOf(file.string()) == ".onnx" && card.contains("scale")) card["as_it_is"] = true;
    const Facts& facts = model.facts;
    card["scale"] = facts.scale;
    card["halo"] = facts.halo;
    card["align"] = facts.align;
    card["skip"] = facts.skip == Skip::bicubic ? "bicubic" : "none";
    if (facts.fixedHeight) card["fixed"] = {facts.fixedHeight, facts.fixedWidth};
    if (!addition.options.empty()) card["options"] = addition.options;
    card["source"] = file.filename().string();
    card.update(addition.facts);
    if (!card.contains("licence"))
        card["licence"] = licenceOf(file, weights::Mapped(file.string()).bytes());
    if (!card.contains("noncommercial"))
        card["noncommercial"] = forbidsCommerce(card.value("licence", ""));
    if (!card.contains("summary")) {
        const std::string family = card.value("family", "a network");
        card["summary"] = family + " from " + file.filename().string();
    }
    return card;
}

void writeText(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw Error(Kind::output, "cannot write " + inQuotes(path) + ": is the disk full?");
}

void place(const fs::path& from, const Draft& to, bool move) {
    std::error_code code;
    if (move) {
        fs::rename(from, to.path(), code);
    } else {
        fs::copy_file(from, to.path(), fs::copy_options::overwrite_existing, code);
        fs::permissions(to.path(), fs::perms::owner_write, fs::perm_options::add, code);
    }
    if (code)
        throw Error(Kind::output, "cannot copy " + inQuotes(from.string()) + ": " + code.message());
}

}  // namespace

bool isCard(const json& content) {
    if (!content.is_object()) return false;
    for (const char* text : {"family", "licence", "sha256", "skip", "source", "summary"})
        if (content.contains(text) && !content[text].is_string()) return false;
    return !content.contains("noncommercial") || content["noncommercial"].is_boolean();
}

std::string userFolder() {
    const auto set = [](const char* name) -> const char* {
        const char* value = std::getenv(name);
        return value && *value ? value : nullptr;
    };
    if (const char* own = set("ACUITY_USER_MODELS")) return own;
    if (const char* data = set("XDG_DATA_HOME"))
        return (fs::path(data) / "acuity" / "models").string();
    if (const char* home = set("HOME"))
        return (fs::path(home) / ".local" / "share" / "acuity" / "models").string();
    return "";
}

std::string makeUserFolder() {
    const std::string folder = userFolder();
    if (folder.empty())
        throw Error(Kind::output,
                    "there is no home folder to keep models in; set "
                    "ACUITY_USER_MODELS to a folder");
    std::error_code code;
    fs::create_directories(folder, code);
    if (code)
        throw Error(Kind::output,
                    "cannot make the folder " + inQuotes(folder) + ": " + code.message());
    if (access(folder.c_str(), W_OK) != 0)
        throw Error(Kind::output, "cannot write into " + inQuotes(folder) +
                                      ", where models are kept; ACUITY_USER_MODELS names another");
    return folder;
}

std::optional<OwnModel> ownModel(const std::string& name) {
    std::error_code code;
    if (!plainName(name) || userFolder().empty() || !fs::exists(cardPath(name), code))
        return std::nullopt;
    return fromCard(name);
}

std::vector<OwnModel> ownModels(std::vector<std::string>* complaints) {
    std::vector<std::string> names;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(userFolder(), code))
        if (entry.path().extension() == ".json" && plainName(entry.path().stem().string()))
            names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    std::vector<OwnModel> models;
    for (const std::string& name : names) {
        try {
            models.push_back(fromCard(name));
        } catch (const Error& error) {
            if (complaints) complaints->push_back(error.what());
        }
    }
    return models;
}

void checkNewName(const std::string& name) {
    if (!plainName(name))
        throw Error(Kind::usage, inQuotes(name) +
                                     " is no name for a model: up to 100 letters, "
                                     "digits and - _ . in any order, no dot first");
    if (endsLikeFile(name))
        throw Error(Kind::usage,
                    inQuotes(name) + " ends like a file; choose a name without that ending");
    const auto taken = [&](const std::string& why) {
        throw Error(Kind::usage, inQuotes(name) + why + "; choose another one with --name");
    };
    if (name == "auto") taken(" has a meaning of its own");
    for (const Model& known : catalogue()) {
        if (known.name == name) taken(" is the name of a model that is there already");
        // FAMILY-x4 belongs to what -m FAMILY chooses from.
        const std::string factor = "-x" + std::to_string(known.facts.scale);
        const std::size_t end = known.name.size() - std::min(known.name.size(), factor.size());
        if (known.own || known.name.substr(end) != factor) continue;
        const std::string family = known.name.substr(0, end);
        if (name == family || name.rfind(family + "-x", 0) == 0)
            taken(" would be taken for one of the models " + inQuotes(family) + " that ship");
    }
    if (fs::exists(cardPath(name))) taken(" is the name of a card in the folder of models");
}

OwnModel add(const Addition& addition, engine::Engine& engine) {
    const std::vector<Part> parts = partsOf(fs::absolute(addition.file));
    const fs::path& first = parts[0].path;
    const std::string name = addition.name.empty() ? nameFrom(first) : addition.name;
    checkNewName(name);
    if (endingOf(first.string()) == ".onnx" &&
        hasExternalData(weights::Mapped(first.string()).bytes()))
        throw Error(Kind::model, inQuotes(first.string()) +
                                     " keeps its weights in other files; it runs by its path "
                                     "with -m, and can be added once it is saved as one file");
    const fs::path folder = makeUserFolder();
    Draft card(cardPath(name).string());  // locked from here on: the name is ours
    checkNewName(name);
    const Model model = load(first.string(), &engine, addition.options);
    tryOut(model, engine);

    json content = cardOf(model, addition, first);
    content["files"] = json::array();
    std::vector<std::unique_ptr<Draft>> drafts;
    for (const Part& part : parts) {
        const std::string file = name + part.ending;
        drafts.push_back(std::make_unique<Draft>((folder / file).string()));
        place(part.path, *drafts.back(), addition.move);
        content["files"].push_back({{"name", file},
                                    {"bytes", fs::file_size(drafts.back()->path())},
                                    {"sha256", sha256OfFile(drafts.back()->path())}});
    }
    writeText(card.path(), jsonText(content, 1) + "\n");
    for (const auto& draft : drafts) draft->commit();
    card.commit();
    return fromCard(name);
}

void remove(const std::string& name) {
    std::error_code code;
    if (!plainName(name) || userFolder().empty() || !fs::exists(cardPath(name), code)) {
        const auto known = catalogue();
        const bool shipped = std::any_of(known.begin(), known.end(),
                                         [&](const Model& model) { return model.name == name; });
        throw Error(Kind::usage, shipped ? inQuotes(name) + " comes with Acuity and stays"
                                         : "there is no model " + inQuotes(name) + " in " +
                                               inQuotes(userFolder()));
    }
    std::vector<OwnFile> files;
    try {
        files = fromCard(name).files;
    } catch (const Error&) {
        // A damaged card names no files; it goes alone.
    }
    if (!fs::remove(cardPath(name), code))
        throw Error(Kind::output,
                    "cannot remove " + inQuotes(cardPath(name).string()) + ": " + code.message());
    for (const OwnFile& file : files) fs::remove(file.path, code);
}

void verify(const OwnModel& model) {
    for (const OwnFile& file : model.files) {
        std::error_code code;
        if (!fs::exists(file.path, code))
            throw Error(Kind::model, "a file of " + inQuotes(model.name) + " is missing: " +
                                         inQuotes(file.path) + "; remove it and add it again");
        if (!file.sha256.empty() && sha256OfFile(file.path) != file.sha256)
            throw Error(Kind::model, "the weights of " + inQuotes(model.name) + " in " +
                                         inQuotes(file.path) +
                                         " are not those of its card; remove it and add it again");
    }
}

}  // namespace acuity::model
