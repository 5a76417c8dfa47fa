// A model: a network's bytes, the facts needed to run it, and its card.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "architectures/network.h"
#include "base/error.h"
#include "engine/engine.h"

namespace acuity::model {

/// What a network's output is relative to.
enum class Skip {
    none,
    bicubic
};  // the picture itself, or the difference to a bicubic enlargement

struct Facts {
    int scale = 1;                        // output pixels per input pixel and axis
    int halo = 0;                         // radius of the receptive field in input pixels
    int align = 1;                        // input sides must be multiples of this
    int fixedHeight = 0, fixedWidth = 0;  // the only input size, halo included; 0: any
    Skip skip = Skip::none;
    std::vector<std::string> conditions;  // numbers that it is told, by their names
};

struct Model {
    std::string name;
    Facts facts;
    bool interpolation = false;
    bool own = false;     // in the catalogue: from the user's folder
    std::string onnx;     // the network's bytes; empty for interpolations and in the catalogue
    nlohmann::json card;  // data, recipe, scores, licence; an object, perhaps empty
};

/// Names of the models that come without weights: nearest, bilinear, bicubic, lanczos.
const std::vector<std::string>& interpolations();

/// The folder with the weights that ship with Acuity ($ACUITY_MODELS overrides), or "".
std::string modelsFolder();

/// Every model that can be named: those that ship, the user's, interpolations. Bytes are not
/// loaded.
std::vector<Model> catalogue();

/// By name, or by the path of a model file of any kind that model/reader.h knows. Facts come from
/// its card NAME.json beside it, else from the file itself, else they are measured with `engine`.
/// Throws Error(model) naming what is there.
Model load(const std::string& nameOrFile, engine::Engine* engine,
           const architectures::Options& options = {});

/// What a network with conditions is told, by their names.
using Conditions = std::map<std::string, double>;

/// Tells it; conditions not named are 0. Throws Error(model) when its file has no place for them.
void tell(Model& model, const Conditions& conditions);

/// Checks that the bytes of a shipped model are those of its card. Throws Error(model).
void verify(const Model& model);

/// A model on an engine: networks compiled once for each tile size and shared by all who ask.
class Runner {
  public:
    Runner(Model model, std::shared_ptr<engine::Engine> engine, engine::Settings settings,
           const Conditions& told = {});

    const Model& model() const { return model_; }
    const Facts& facts() const { return model_.facts; }
    const engine::Settings& settings() const { return settings_; }
    const std::string& hash() const { return hash_; }  // SHA-256 of the file's bytes
    engine::Engine& engine() const { return *engine_; }
    void setStreams(int streams);
    /// Frees what is compiled and not in use.
    void forgetSizes();

    /// For input tiles of this size, halo included.
    std::shared_ptr<engine::Compiled> compiled(int height, int width);

  private:
    Model model_;
    std::shared_ptr<engine::Engine> engine_;
    engine::Settings settings_;
    const std::string hash_;
    std::mutex mutex_;
    std::map<std::pair<int, int>, std::shared_ptr<engine::Compiled>> bySize_;
};

}  // namespace acuity::model
