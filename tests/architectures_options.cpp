// What the weights of a network do not tell, and weights that do not fit together.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

#include "acuity/error.h"
#include "architectures/families.h"
#include "weights/read.h"

using namespace acuity;

namespace {

const std::string kVectors = std::string(ACUITY_SOURCE) + "/tests/data/parity/";

weights::Weights vector(const std::string& path) {
    weights::Weights weights = weights::read(path);
    weights.tensors.erase("parity.input");
    weights.tensors.erase("parity.output");
    return weights;
}

architectures::Network arranged(const std::string& vectorName,
                                const architectures::Options& options,
                                const std::string& fileName) {
    return architectures::arrange(vector(kVectors + vectorName + ".safetensors"), options,
                                  fileName);
}

Kind refusal(const std::string& vectorName, const architectures::Options& options) {
    try {
        arranged(vectorName, options, "weights.pth");
    } catch (const Error& error) {
        return error.kind();
    }
    FAIL(vectorName + " was not refused");
    return Kind::internal;
}

}  // namespace

TEST_CASE("a factor that the weights do not tell is in the options or the name, or asked for",
          "[options]") {
    for (const char* name : {"srcnn-y-x3", "vdsr-y-x2", "fsrcnn-y-x4"}) {
        INFO(name);
        CHECK(arranged(name, {{"scale", "3"}}, "net_x4.pth").scale == 3);
        CHECK(arranged(name, {}, "net_x4.pth").scale == 4);
        CHECK(arranged(name, {}, "2x.pth").scale == 2);
        CHECK(refusal(name, {}) == Kind::usage);
        CHECK(refusal(name, {{"scale", "9"}}) == Kind::usage);
    }
    CHECK(arranged("pan-x3", {}, "pan.pth").scale == 2);
    CHECK(arranged("pan-x3", {}, "PANx3.pth").scale == 3);
    CHECK(refusal("pan-x4", {{"scale", "3"}}) == Kind::usage);  // here they tell
}

TEST_CASE("words that an option does not know are refused", "[options]") {
    CHECK(refusal("espcn-y-x3", {{"activation", "gelu"}}) == Kind::usage);
    CHECK(refusal("espcn-y-x3", {{"luma", "wide"}}) == Kind::usage);
    CHECK(refusal("rlfn-x2", {{"range", "256"}}) == Kind::usage);
    CHECK(arranged("espcn-y-x3", {{"luma", "full"}}, "").onnx !=
          arranged("espcn-y-x3", {{"luma", "studio"}}, "").onnx);
}

TEST_CASE("tiles of networks with a grid keep to its steps", "[options]") {
    for (const char* name : {"rlfn-x2", "rfdn-x2", "safmn-x2", "safmnpp-x3"}) {
        const auto network = arranged(name, {}, "");
        INFO(name);
        CHECK(network.align > 1);
        CHECK(network.reach % network.align == 0);
    }
    CHECK(arranged("rlfn-x2", {}, "").global);
    CHECK(arranged("imdn-x3", {}, "").global);
    CHECK_FALSE(arranged("safmn-x2", {}, "").global);
}

TEST_CASE("weights that do not fit together are refused in words", "[options]") {
    int refused = 0;
    const auto attempt = [&](const weights::Weights& weights, const std::string& file) {
        try {
            architectures::arrange(weights, {{"scale", "2"}}, file);
        } catch (const Error&) {
            ++refused;  // anything else than an Error ends the test
        }
    };
    for (const auto& entry : std::filesystem::directory_iterator(kVectors)) {
        const std::string path = entry.path().string();
        if (entry.path().extension() != ".safetensors") continue;
        const weights::Weights whole = vector(path);
        for (const auto& [name, tensor] : whole.tensors) {
            weights::Weights broken = whole;
            broken.tensors.erase(name);
            attempt(broken, path);
            weights::Tensor& changed = broken.tensors[name] = tensor;
            std::reverse(changed.shape.begin(), changed.shape.end());
            attempt(broken, path);
            changed.shape = {static_cast<std::int64_t>(weights::elements(tensor.shape))};
            attempt(broken, path);
            changed.shape = {0, 1, 1, 1};
            changed.bytes = {};
            attempt(broken, path);
        }
    }
    CHECK(refused > 1000);
}
