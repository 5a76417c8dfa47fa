#include "server/settings.h"

#include <set>

#include "api/option_table.h"
#include "api/variants.h"
#include "base/error.h"
#include "base/files.h"
#include "codec/picture.h"
#include "model/model.h"

namespace acuity::server {

using nlohmann::json;

namespace {

/// The rest names files, or concerns the machine and is said when the server is started.
bool allowed(const api::Option& option) {
    static const std::set<std::string> ofFiles = {"format",  "quality",    "lossless",
                                                  "effort",  "depth",      "page",
                                                  "salvage", "background", "keep-metadata"};
    static const std::set<std::string> ofMachine = {"model-option", "engine", "device"};
    const std::string group = option.group, name = option.name;
    return group == "Size" || (group == "Choice" && !ofMachine.count(name)) || ofFiles.count(name);
}

/// A model by its name in the catalogue: a path would open any file.
void checkModel(const std::string& name) {
    if (name == "auto") return;
    for (const model::Model& model : model::catalogue()) {
        if (model.name == name || model.name.rfind(name + "-x", 0) == 0) return;
    }
    throw Error(Kind::usage, "there is no model " + inQuotes(name) + " in the catalogue");
}

}  // namespace

json settingsList() {
    json list = json::array();
    for (const api::Option& option : api::optionTable())
        if (allowed(option))
            list.push_back({{"name", option.name},
                            {"value", option.value},
                            {"group", option.group},
                            {"help", option.help}});
    return list;
}

json checked(const json& settings) {
    if (settings.is_null()) return json::object();
    if (!settings.is_object()) throw Error(Kind::usage, "settings must be an object");
    json taken = json::object();
    pipeline::Options trial;
    for (const auto& [name, value] : settings.items()) {
        if (value.is_null()) continue;
        if (!value.is_string()) throw Error(Kind::usage, inQuotes(name) + " must be a string");
        const auto& table = api::optionTable();
        const bool known = std::any_of(table.begin(), table.end(), [&](const api::Option& option) {
            return option.name == name && allowed(option);
        });
        if (!known) throw Error(Kind::usage, "there is no setting " + inQuotes(name));
        api::setOption(trial, name, value);
        if (trial.format == codec::Format::dz)
            throw Error(Kind::usage,
                        "Deep Zoom is a folder of files, which the server does not make");
        if (name == "model") checkModel(value);
        taken[name] = value;
    }
    checkRequest(trial.size);
    return taken;
}

pipeline::Options with(pipeline::Options base, const json& settings) {
    for (const auto& [name, value] : settings.items()) api::setOption(base, name, value);
    return base;
}

std::string sessionKey(const json& settings) {
    api::Variant variant;
    for (const auto& [name, value] : settings.items()) variant.settings.emplace_back(name, value);
    return api::sessionKey(variant);
}

}  // namespace acuity::server
