// What tests of `acuity models` share: an empty place for models, and the program run there.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support.h"

namespace acuity::test {

using nlohmann::json;

/// A folder with an empty place for models, a model file and a way to run the program there.
struct Home {
    Folder folder;
    std::string models = folder / "models";
    std::string file = folder / "foreign.onnx";

    Home() { writeBytes(file, bytesOf(shippedModel("faithful-x2"))); }

    Io io() const {
        Io io;
        io.env = {{"ACUITY_USER_MODELS", models}, {"ACUITY_CACHE", folder.path().string()}};
        return io;
    }
    Result run(std::vector<std::string> words) const { return acuity::test::run(words, io()); }
    Result models_(std::vector<std::string> words) const {
        words.insert(words.begin(), "models");
        return run(words);
    }
    /// The entry of `models list --json`, or null.
    json listed(const std::string& name) const {
        for (const json& each : json::parse(models_({"list", "--json"}).out))
            if (each.at("name") == name) return each;
        return nullptr;
    }
};

/// One line that names what is wrong, and the status that says that nothing could start.
inline void checkRefusal(const Result& result, const std::string& part, int status = 3) {
    INFO(result.err);
    CHECK(result.status == status);
    CHECK(contains(result.err, part));
    CHECK(lines(result.err).size() == (status == 2 ? 2 : 1));
}

}  // namespace acuity::test
