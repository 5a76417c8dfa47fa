#include "model/model.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/hash.h"
#include "base/system.h"
#include "model/catalogue_file.h"
#include "model/library.h"
#include "model/onnx_facts.h"
#include "model/reader.h"

namespace acuity::model {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kMaxScale = 16, kMaxHalo = 512;
// What lies farther off than this changes a pixel by less than a level, and would cost more to see
// than the whole rest: deep networks declare receptive fields of hundreds of pixels.
constexpr int kMostReach = 32;

/// Facts as they stand in a card or a file's metadata. Throws Error(model) when out of bounds.
Facts factsFrom(const json& object, const std::string& where) {
    try {
        Facts facts;
        facts.scale = object.at("scale");
        facts.halo = object.at("halo");
        facts.align = object.value("align", 1);
        facts.conditions = object.value("conditions", std::vector<std::string>());
        if (object.contains("fixed")) {
            facts.fixedHeight = object.at("fixed").at(0);
            facts.fixedWidth = object.at("fixed").at(1);
        }
        const std::string skip = object.value("skip", "none");
        facts.skip = skip == "bicubic" ? Skip::bicubic : Skip::none;
        const bool sound = facts.scale >= 1 && facts.scale <= kMaxScale && facts.halo >= 0 &&
                           facts.halo <= kMaxHalo && facts.align >= 1 && facts.align <= 64 &&
                           facts.fixedHeight >= 0 && facts.fixedHeight <= 8192 &&
                           facts.fixedWidth >= 0 && facts.fixedWidth <= 8192 &&
                           facts.conditions.size() <= 16 && (skip == "bicubic" || skip == "none");
        if (sound) return facts;
    } catch (const json::exception&) {
    }
    throw Error(Kind::model,
                inQuotes(where) + " does not state scale and halo as Acuity needs them");
}

json readCard(const fs::path& path) {
    try {
        json card = json::parse(readFile(path.string(), 1 << 20));
        if (isCard(card)) return card;
    } catch (const json::exception&) {
    }
    throw Error(Kind::model, inQuotes(path.string()) +
                                 " is no model card (a JSON object of what docs/models.md says)");
}

Model interpolation(const std::string& name) {
    Model model;
    model.name = name;
    model.interpolation = true;
    model.card = {{"summary", "interpolation, no weights"}};
    return model;
}

Model fromCard(const fs::path& path) {
    Model model;
    model.name = path.stem().string();
    model.card = readCard(path);
    model.facts = factsFrom(model.card, path.string());
    return model;
}

std::string readWeights(const fs::path& path) {
    try {
        return readFile(path.string());
    } catch (const Error& error) {
        throw Error(Kind::model, error.what());
    }
}

Facts factsFrom(const architectures::Network& network) {
    Facts facts;
    facts.scale = network.scale;
    facts.align = network.align;
    facts.halo = std::min(network.reach, kMostReach);
    facts.fixedHeight = network.fixedHeight;
    facts.fixedWidth = network.fixedWidth;
    if (facts.fixedHeight) {
        const int side = std::min(facts.fixedHeight, facts.fixedWidth);
        facts.halo = std::min(facts.halo, side / 4);
    }
    return facts;
}

/// An ONNX file that says itself how it is to be run, or whose card does.
bool ownOnnx(Model& model, const fs::path& path) {
    if (endingOf(path.string()) != ".onnx") return false;
    model.onnx = readWeights(path);
    if (model.onnx.empty()) throw Error(Kind::model, inQuotes(path.string()) + " is empty");
    // A card of the library tells what was found out, not how to run the bytes as they are.
    const bool library = model.card.is_object() && model.card.contains("files");
    if (!model.card.is_null() && (!library || model.card.value("as_it_is", false))) return true;
    const auto text = onnxMetadata(model.onnx, "acuity");
    if (text) model.facts = factsFrom(json::parse(*text, nullptr, false), path.string());
    return text.has_value();
}

/// What the file was called before it came into the library: some tell their factor nowhere else.
std::string sourceName(const Model& model, const fs::path& path) {
    const std::string own = path.filename().string();
    if (!model.card.is_object() || !model.card.contains("files")) return own;
    const json source = model.card.value("source", json());
    return source.is_string() ? source.get<std::string>() : own;
}

/// Whether the JSON file beside a model's is a card. Much else has that name: settings of a
/// training, an entry of a collection.
bool isCardOf(const fs::path& path, const fs::path& card) {
    std::error_code code;
    if (!fs::is_regular_file(card, code)) return false;
    for (const std::string& ours : {userFolder(), modelsFolder()})
        if (fs::equivalent(card.parent_path(), ours, code)) return true;
    if (endingOf(path.string()) != ".onnx") return false;
    try {
        const json content = readCard(card);
        return content.contains("halo") || content.contains("sha256");
    } catch (const Error&) {
        return false;
    }
}

Model fromFile(const fs::path& path, engine::Engine* engine,
               const architectures::Options& options) {
    const fs::path card = fs::path(path).replace_extension(".json");
    Model model;
    model.name = path.stem().string();
    if (isCardOf(path, card)) model = fromCard(card);
    if (!ownOnnx(model, path)) {
        try {
            const std::string name = sourceName(model, path);
            architectures::Network network = readNetwork(path.string(), options, name, engine);
            model.onnx = std::move(network.onnx);
            if (model.card.is_null()) {
                model.card = {{"family", network.family}, {"details", network.details}};
                model.facts = factsFrom(network);
            }
        } catch (const Error& error) {
            throw Error(error.kind(), inQuotes(path.string()) + ": " + error.what());
        }
    }
    if (model.card.is_null()) model.card = json::object();
    return model;
}

/// The models of the user's folder; where a name is taken, the shipped one wins.
std::vector<Model> usersModels(const std::vector<Model>& shipped) {
    std::vector<Model> models;
    for (const OwnModel& own : ownModels()) {
        const auto same = [&](const Model& other) { return other.name == own.name; };
        if (std::any_of(shipped.begin(), shipped.end(), same)) continue;
        try {
            Model model{own.name, factsFrom(own.card, own.name)};
            model.own = true;
            model.card = own.card;
            models.push_back(std::move(model));
        } catch (const Error&) {
            // `acuity models verify` tells what is wrong with it.
        }
    }
    return models;
}

std::string knownNames() {
    std::string names;
    for (const Model& model : catalogue()) names += (names.empty() ? "" : ", ") + model.name;
    return names;
}

/// An Error that names what there is instead, and how the model that is meant could be had.
Error unknownModel(const std::string& name) {
    const std::string start = "there is no model " + inQuotes(name);
    if (name == "auto")
        return {Kind::model,
                "'auto' is no model: it chooses one for each picture, as --explain says"};
    std::string family;
    for (const Model& model : catalogue())
        if (model.name.rfind(name + "-x", 0) == 0)
            family += (family.empty() ? "" : " and ") + model.name;
    if (!family.empty()) return {Kind::model, inQuotes(name) + " is a choice of " + family};
    try {
        for (const Entry& entry : readCatalogue())
            if (entry.name == name)
                return {Kind::model, start + " yet; `acuity models pull " + name + "` fetches it"};
    } catch (const Error&) {
        // No catalogue, or none that can be read: then it is of no help here.
    }
    std::string sentence =
        start + "; there are " + knownNames() + ", and model files by their path";
    if (modelsFolder().empty())
        sentence +=
            " (the folder of the models that ship was not found; ACUITY_MODELS can name it)";
    return {Kind::model, sentence};
}

}  // namespace

const std::vector<std::string>& interpolations() {
    static const std::vector<std::string> names{"nearest", "bilinear", "bicubic", "lanczos"};
    return names;
}

std::string modelsFolder() {
    if (const char* own = std::getenv("ACUITY_MODELS")) return own;
    const fs::path here = ownFolder();
    // Installed beside the library, or in the source tree whose build folder it lies in.
    for (const char* place : {"../share/acuity/models", "../../models"})
        if (fs::is_directory(here / place)) return (here / place).lexically_normal().string();
    return "";
}

std::vector<Model> catalogue() {
    std::vector<fs::path> cards;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(modelsFolder(), code))
        if (entry.path().extension() == ".json" && entry.path().filename() != "catalogue.json")
            cards.push_back(entry.path());
    std::sort(cards.begin(), cards.end());
    std::vector<Model> models;
    for (const fs::path& card : cards) models.push_back(fromCard(card));
    for (Model& own : usersModels(models)) models.push_back(std::move(own));
    for (const std::string& name : interpolations()) models.push_back(interpolation(name));
    return models;
}

Model load(const std::string& nameOrFile, engine::Engine* engine,
           const architectures::Options& options) {
    const auto& plain = interpolations();
    if (std::find(plain.begin(), plain.end(), nameOrFile) != plain.end())
        return interpolation(nameOrFile);
    if (namesFile(nameOrFile)) return fromFile(nameOrFile, engine, options);
    const fs::path shipped = fs::path(modelsFolder()) / (nameOrFile + ".onnx");
    const bool ships = !modelsFolder().empty() && fs::exists(shipped);
    if (const auto own = ships ? std::nullopt : ownModel(nameOrFile)) {
        architectures::Options all = options;
        all.insert(own->options.begin(), own->options.end());
        return fromFile(own->files.front().path, engine, all);
    }
    if (!ships) throw unknownModel(nameOrFile);
    return fromFile(shipped, engine, options);
}

void tell(Model& model, const Conditions& conditions) {
    std::vector<float> values;
    for (const std::string& name : model.facts.conditions) {
        const auto found = conditions.find(name);
        values.push_back(found == conditions.end() ? 0.0f : float(found->second));
    }
    if (!values.empty() && !replaceOnnxFloats(model.onnx, "condition", values))
        throw Error(Kind::model, "model " + inQuotes(model.name) + " has no place for conditions");
}

void verify(const Model& model) {
    if (model.interpolation) return;
    const std::string expected = model.card.value("sha256", "");
    if (sha256(model.onnx) != expected)
        throw Error(Kind::model, "the weights of " + inQuotes(model.name) +
                                     " are not those of its card; install them again");
}

Runner::Runner(Model model, std::shared_ptr<engine::Engine> engine, engine::Settings settings,
               const Conditions& told)
    : model_(std::move(model)),
      engine_(std::move(engine)),
      settings_(settings),
      hash_(sha256(model_.onnx)) {
    tell(model_, told);
}

void Runner::setStreams(int streams) {
    std::lock_guard guard(mutex_);
    if (streams == settings_.streams) return;
    settings_.streams = streams;
    bySize_.clear();
}

void Runner::forgetSizes() {
    std::lock_guard guard(mutex_);
    bySize_.clear();
}

std::shared_ptr<engine::Compiled> Runner::compiled(int height, int width) {
    std::lock_guard guard(mutex_);
    const auto known = bySize_.find({height, width});
    if (known != bySize_.end()) return known->second;
    std::shared_ptr<engine::Compiled> fresh;
    try {
        fresh = engine_->compile(model_.onnx, height, width, settings_);
    } catch (const Error& error) {
        throw Error(error.kind(), "model " + inQuotes(model_.name) + ": " + error.what());
    }
    const engine::Size in = fresh->input(), out = fresh->output();
    if (in.channels != 3 || out.channels != 3 || out.height != in.height * facts().scale ||
        out.width != in.width * facts().scale)
        throw Error(Kind::model, "model " + inQuotes(model_.name) + " does not enlarge RGB by " +
                                     std::to_string(facts().scale) + " as its card says");
    // A long batch of many sizes must not hold every network it ever compiled.
    constexpr std::size_t kMostSizes = 8;
    const auto idle = std::find_if(bySize_.begin(), bySize_.end(),
                                   [](const auto& entry) { return entry.second.use_count() == 1; });
    if (bySize_.size() >= kMostSizes && idle != bySize_.end()) bySize_.erase(idle);
    bySize_[{height, width}] = fresh;
    return fresh;
}

}  // namespace acuity::model
