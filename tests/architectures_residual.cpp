// ESRGAN, SPAN, EDSR, MDSR, CARN and RCAN beyond parity (architectures.cpp): damaged files,
// options, and what is known of each network.
#include <catch2/catch.hpp>

#include <filesystem>

#include "architectures/families.h"
#include "base/error.h"
#include "weights/read.h"

using namespace acuity;
using architectures::arrange;
using architectures::Network;
using weights::Weights;

namespace {

Weights load(const std::string& name) {
    Weights weights =
        weights::read(std::string(ACUITY_SOURCE) + "/tests/data/parity/" + name + ".safetensors");
    weights.tensors.erase("parity.input");
    weights.tensors.erase("parity.output");
    return weights;
}

/// Files of these families, with what they must be told.
struct File {
    std::string name;
    architectures::Options options;
};

std::vector<File> files() {
    std::vector<File> found;
    const std::string folder = std::string(ACUITY_SOURCE) + "/tests/data/parity";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto metadata = weights::read(entry.path().string()).metadata;
        for (const char* ours : {"ESRGAN", "SPAN", "EDSR", "MDSR", "CARN", "RCAN"})
            if (metadata.at("family") == ours)
                found.push_back({entry.path().stem().string(), {{"scale", metadata.at("scale")}}});
    }
    REQUIRE(found.size() > 20);
    return found;
}

/// What `arrange` says, or nothing when it is content.
std::string complaint(const Weights& weights, const architectures::Options& options = {},
                      const std::string& fileName = "") {
    try {
        arrange(weights, options, fileName);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

bool begins(const std::string& text, const char* prefix) {
    return text.rfind(prefix, 0) == 0;
}

/// Whether weights belong to an exit for another factor, of which little is looked at.
bool elsewhere(const std::string& file, const std::string& weights) {
    if (begins(file, "mdsr-"))
        return (begins(weights, "pre_process.") && !begins(weights, "pre_process.1.")) ||
               (begins(weights, "upsample.") && !begins(weights, "upsample.1."));
    if (file == "carn-many-x3")
        return begins(weights, "upsample.") && !begins(weights, "upsample.up3.");
    if (file == "carn-many-x4")
        return begins(weights, "upsample.") && !begins(weights, "upsample.up4.");
    return false;
}

/// Weights without which it is another network of the family, or which nobody looks at: those that
/// a SPAN file holds beside the branches that they were merged from.
bool optional(const std::string& file, const std::string& weights) {
    const auto has = [&](const char* part) { return weights.find(part) != weights.npos; };
    if (file == "span-raw-x2") return has(".eval_conv.");
    return begins(file, "carn-m-") && has(".body.4.");
}

/// A tensor with another number of slices along an axis.
weights::Tensor reshaped(Weights& weights, const weights::Tensor& tensor, std::size_t axis,
                         std::int64_t slices) {
    weights::Shape shape = tensor.shape;
    shape[axis] = slices;
    return weights::own(weights, shape, std::vector<float>(weights::elements(shape), 0.1f));
}

}  // namespace

TEST_CASE("files of these families are claimed by one family each", "[residual]") {
    for (const File& file : files()) {
        INFO(file.name);
        const architectures::State state(load(file.name));
        int claims = 0;
        for (const auto& family : architectures::families()) claims += family.fits(state);
        CHECK(claims == 1);
    }
}

TEST_CASE("weights that are missing or misshapen are refused in a sentence", "[residual]") {
    for (const File& file : files()) {
        const Weights whole = load(file.name);
        REQUIRE(complaint(whole, file.options).empty());
        for (const auto& [name, tensor] : whole.tensors) {
            if (tensor.shape.size() != 4 || elsewhere(file.name, name)) continue;
            INFO(file.name << ": " << name);
            Weights less = whole;
            less.tensors.erase(name);
            CHECK(complaint(less, file.options).empty() == optional(file.name, name));
            if (name.find(".eval_conv.") != name.npos && file.name == "span-raw-x2") continue;
            for (std::size_t axis = 0; axis < 2; ++axis)
                for (const std::int64_t slices : {std::int64_t(0), tensor.shape[axis] + 1}) {
                    Weights odd = whole;
                    odd.tensors[name] = reshaped(odd, tensor, axis, slices);
                    CHECK_FALSE(complaint(odd, file.options).empty());
                }
        }
    }
}

TEST_CASE("a convolution that is missing is named", "[residual]") {
    const auto without = [](const char* file, const char* name) {
        Weights weights = load(file);
        REQUIRE(weights.tensors.erase(name) == 1);
        return complaint(weights);
    };
    CHECK(without("esrgan-old-x4", "model.1.sub.0.RDB2.conv3.0.weight") ==
          "it lacks the weights 'model.1.sub.0.RDB2.conv3.0.weight'");
    // With one step less, the last layers would be elsewhere.
    CHECK(without("esrgan-old-x4", "model.3.weight") == "it lacks the weights 'model.7.weight'");
    CHECK(without("esrgan-real-x4", "conv_up1.weight") == "it lacks the weights 'conv_up1.weight'");
    CHECK(without("edsr-x4", "tail.0.0.weight") == "it lacks the weights 'tail.0.0.weight'");
    CHECK(without("carn-m-x4", "upsample.up.body.0.weight") ==
          "it lacks the weights 'upsample.up.body.1.weight'");
    CHECK(without("span-raw-x2", "block_2.c2_r.conv.1.bias") ==
          "it lacks the weights 'block_2.c2_r.conv.1.bias'");
    CHECK(without("carn-m-x4", "b2.c3.body.0.weight") ==
          "it lacks the weights 'b2.c3.body.0.weight'");
    CHECK(without("edsr-x2", "body.1.body.2.weight") ==
          "it lacks the weights 'body.1.body.2.weight'");
    CHECK(without("rcan-x2", "body.1.body.1.body.3.conv_du.2.weight") ==
          "it lacks the weights 'body.1.body.1.body.3.conv_du.2.weight'");
}

TEST_CASE("networks with several exits take the one asked for", "[residual]") {
    for (const char* file : {"mdsr-x3", "carn-many-x3"}) {
        CHECK(arrange(load(file), {}, "").scale == 4);
        CHECK(arrange(load(file), {}, "model_x2.pth").scale == 2);
        CHECK(arrange(load(file), {{"scale", "3"}}, "model_x2.pth").scale == 3);
        CHECK(complaint(load(file), {{"scale", "5"}}) ==
              "it enlarges by x2, x3, x4 only, not by x5");
    }
}

TEST_CASE("a lone step of 3 shows in the file's name or in the option", "[residual]") {
    for (const char* file : {"esrgan-old-x3", "carn-m-x3"}) {
        CHECK(arrange(load(file), {}, "").scale == 2);
        CHECK(arrange(load(file), {}, "3x_Sharp.pth").scale == 3);
        CHECK(arrange(load(file), {{"scale", "2"}}, "3x_Sharp.pth").scale == 2);
    }
    CHECK(complaint(load("esrgan-real-x4"), {{"scale", "2"}}) == "it enlarges by x4, not by x2");
}

TEST_CASE("reach, alignment and hyper-parameters are read from the weights", "[residual]") {
    // 17 convolutions before the steps; then 1/2 and three times 1/4 of a pixel.
    const Network real = arrange(load("esrgan-real-x4"), {}, "");
    CHECK(real.reach == 19);
    CHECK(real.align == 1);
    CHECK(real.details == "6 channels, growth 4, 1 blocks");
    const Network small = arrange(load("esrgan-real-x2"), {}, "");
    CHECK(small.reach == 38);
    CHECK(small.align == 2);
    CHECK(arrange(load("esrgan-real-x1"), {}, "").align == 4);
    CHECK(arrange(load("span-norm-x4"), {}, "").details ==
          "4 channels, 6 blocks, normalised colours");
    CHECK(arrange(load("rcan-x3"), {}, "").global);
    CHECK_FALSE(arrange(load("edsr-x2"), {}, "").global);
    CHECK(arrange(load("carn-m-x4"), {}, "").details == "CARN-M, 8 channels, 3 blocks");
}
