// The user's own models: a folder of weight files, and for each model a card NAME.json that names
// its files. The card is written last and removed first: a model is there whole or not at all.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/model.h"

namespace acuity::model {

/// A weight file of a model in the folder.
struct OwnFile {
    std::string path;
    std::string sha256;  // "" where a card written by hand does not say
};

struct OwnModel {
    std::string name;
    nlohmann::json card;
    std::vector<OwnFile> files;  // the first one is what is loaded
    architectures::Options options;
};

/// Whether this can be a model's card: an object whose texts are texts. What a network needs is
/// looked at where it is loaded.
bool isCard(const nlohmann::json& content);

/// $ACUITY_USER_MODELS, else $XDG_DATA_HOME/acuity/models, else ~/.local/share/acuity/models; it
/// need not exist. "" when there is no such place.
std::string userFolder();

/// The same, created. Throws Error(output).
std::string makeUserFolder();

/// The model of this name in the user's folder, or nothing. Throws Error(model) when its card is
/// damaged.
std::optional<OwnModel> ownModel(const std::string& name);

/// All of them, by name. Damaged cards are left out; what is wrong with them goes to `complaints`.
std::vector<OwnModel> ownModels(std::vector<std::string>* complaints = nullptr);

/// Throws Error(usage) when a model may not be called so, or another one is already.
void checkNewName(const std::string& name);

struct Addition {
    std::string file;  // for ncnn either of the pair
    std::string name;  // "": the file's name without its ending
    architectures::Options options;
    nlohmann::json facts = nlohmann::json::object();  // what the card says beside: licence, ...
    bool move = false;  // the file is ours and may be taken away instead of copied
};

/// Loads the model to see that it runs, then copies it into the user's folder with its card.
/// Throws Error(usage) for its name, Error(model) for its content, Error(output).
OwnModel add(const Addition& addition, engine::Engine& engine);

/// Takes a model out of the user's folder. Throws Error(usage) when it is not there.
void remove(const std::string& name);

/// Compares the files with the checksums of the card. Throws Error(model).
void verify(const OwnModel& model);

}  // namespace acuity::model
