// Networks with attention in windows: any size, and tiles against the whole picture.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <random>

#include "architectures/families.h"
#include "base/error.h"
#include "engine/engine.h"

using namespace acuity;

namespace {

/// A SwinIR with random weights of the usual spread: 8 channels, 2 heads, one pixel shuffle x2.
class SmallSwinIR {
  public:
    SmallSwinIR(int groups, int blocks, int window) {
        const int c = 8;
        affine("conv_first", {c, 3, 3, 3});
        norm("patch_embed.norm", c);
        for (int g = 0; g < groups; ++g) {
            const std::string group = "layers." + std::to_string(g) + ".";
            for (int b = 0; b < blocks; ++b) {
                const std::string block = group + "residual_group.blocks." + std::to_string(b);
                norm(block + ".norm1", c);
                add(block + ".attn.relative_position_bias_table",
                    {(2 * window - 1) * (2 * window - 1), 2}, 0.5f, 0);
                affine(block + ".attn.qkv", {3 * c, c});
                affine(block + ".attn.proj", {c, c});
                norm(block + ".norm2", c);
                affine(block + ".mlp.fc1", {2 * c, c});
                affine(block + ".mlp.fc2", {c, 2 * c});
            }
            affine(group + "conv", {c, c, 3, 3});
        }
        norm("norm", c);
        affine("conv_after_body", {c, c, 3, 3});
        affine("upsample.0", {12, c, 3, 3});
    }

    architectures::Network network() const { return architectures::arrange(weights, {}, ""); }

    weights::Weights weights;

  private:
    void add(const std::string& name, const weights::Shape& shape, float spread, float mean) {
        std::normal_distribution<float> normal(mean, spread);
        std::vector<float> values(weights::elements(shape));
        for (float& value : values) value = normal(random_);
        weights.tensors[name] = weights::own(weights, shape, values);
    }
    void affine(const std::string& name, const weights::Shape& shape) {
        const double fan = double(weights::elements(shape)) / double(shape[0]);
        add(name + ".weight", shape, float(1 / std::sqrt(fan)), 0);
        add(name + ".bias", {shape[0]}, 0.02f, 0);
    }
    void norm(const std::string& name, int channels) {
        add(name + ".weight", {channels}, 0.1f, 1);
        add(name + ".bias", {channels}, 0.05f, 0);
    }

    std::mt19937 random_{1};
};

/// Planar [3, height, width].
struct Plane {
    int height = 0, width = 0;
    std::vector<float> values;
    float& at(int c, int y, int x) { return values[(std::size_t(c) * height + y) * width + x]; }
    float at(int c, int y, int x) const {
        return values[(std::size_t(c) * height + y) * width + x];
    }
};

Plane blank(int height, int width) {
    return {height, width, std::vector<float>(std::size_t(3) * height * width)};
}

/// Waves, and edges that no halo hides.
Plane scene(int height, int width) {
    Plane p = blank(height, width);
    for (int c = 0; c < 3; ++c)
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) {
                const double v = 0.5 + 0.4 * std::sin(0.3 * x + c) * std::cos(0.2 * y - c);
                p.at(c, y, x) = float((x / 13 + y / 9) % 3 == 0 ? 1 - v : v);
            }
    return p;
}

/// Pixels from (top, left) on, mirrored at the picture's borders.
Plane part(const Plane& from, int top, int left, int height, int width) {
    const auto mirrored = [](int i, int length) {
        if (length == 1) return 0;
        const int period = 2 * length - 2;
        i = (i % period + period) % period;
        return std::min(i, period - i);
    };
    Plane p = blank(height, width);
    for (int c = 0; c < 3; ++c)
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                p.at(c, y, x) =
                    from.at(c, mirrored(top + y, from.height), mirrored(left + x, from.width));
    return p;
}

std::unique_ptr<engine::Compiled> compiled(const architectures::Network& network, int height,
                                           int width) {
    static const auto engine = engine::openEngine("cpu");
    return engine->compile(network.onnx, height, width, {engine::Precision::f32, 2, 1});
}

Plane run(engine::Compiled& network, const Plane& input) {
    const auto request = network.request();
    std::copy(input.values.begin(), input.values.end(), request->input());
    request->run();
    Plane p = blank(network.output().height, network.output().width);
    std::copy(request->output(), request->output() + p.values.size(), p.values.begin());
    return p;
}

/// Differences as parts of the whole's range.
struct Differences {
    double inside = 0;      // the largest, `kHalo` and more from the picture's borders
    double everywhere = 0;  // root mean square
};

constexpr int kHalo = 32;

/// Tiles that begin on the grid of windows, as they do in a picture whose tiles and halo are
/// multiples of Network::align.
Differences tiledAgainstWhole(const architectures::Network& network, const Plane& picture) {
    constexpr int kTile = 32, kSide = kTile + 2 * kHalo;
    const int scale = network.scale;
    const Plane whole = run(*compiled(network, picture.height, picture.width), picture);
    const auto [low, high] = std::minmax_element(whole.values.begin(), whole.values.end());
    const double range = double(*high) - *low;
    const auto tile = compiled(network, kSide, kSide);
    Differences differences;
    for (int y = 0; y < whole.height; y += kTile * scale)
        for (int x = 0; x < whole.width; x += kTile * scale) {
            const Plane result =
                run(*tile, part(picture, y / scale - kHalo, x / scale - kHalo, kSide, kSide));
            for (int i = 0; i < 3 * kTile * scale * kTile * scale; ++i) {
                const int c = i % 3, dy = i / 3 % (kTile * scale), dx = i / 3 / (kTile * scale);
                const double d = std::abs(result.at(c, kHalo * scale + dy, kHalo * scale + dx) -
                                          double(whole.at(c, y + dy, x + dx))) /
                                 range;
                const bool inside = std::min({y + dy, x + dx, whole.height - 1 - y - dy,
                                              whole.width - 1 - x - dx}) >= kHalo * scale;
                if (inside && !(d <= differences.inside)) differences.inside = d;
                differences.everywhere += d * d / double(whole.values.size());
            }
        }
    differences.everywhere = std::sqrt(differences.everywhere);
    return differences;
}

}  // namespace

TEST_CASE("a windowed network takes any size, also smaller than a window", "[windows]") {
    constexpr int kWindow = 8;
    const auto network = SmallSwinIR(1, 2, kWindow).network();
    CHECK(network.align == kWindow);
    CHECK_FALSE(network.global);
    const auto [height, width] =
        GENERATE(table<int, int>({{1, 1}, {2, 11}, {5, 20}, {8, 8}, {9, 17}}));
    CAPTURE(height, width);
    const Plane picture = scene(height, width);
    const Plane result = run(*compiled(network, height, width), picture);
    REQUIRE(result.height == 2 * height);
    REQUIRE(result.width == 2 * width);
    // What is padded by hand gives the same.
    const auto whole = [](int side) { return (side + kWindow - 1) / kWindow * kWindow; };
    const Plane padded = part(picture, 0, 0, whole(height), whole(width));
    const Plane wanted = run(*compiled(network, padded.height, padded.width), padded);
    double most = 0;
    for (int c = 0; c < 3; ++c)
        for (int y = 0; y < result.height; ++y)
            for (int x = 0; x < result.width; ++x) {
                REQUIRE(std::isfinite(result.at(c, y, x)));
                most = std::max(most, std::abs(double(result.at(c, y, x)) - wanted.at(c, y, x)));
            }
    CHECK(most < 1e-5);
}

TEST_CASE("tiles of a windowed network agree with the whole", "[windows]") {
    // Random weights carry far: a trained network differs less. Beyond a picture's borders a tile
    // sees it mirrored, the whole sees what each layer pads with.
    const Plane picture = scene(96, 128);
    SECTION("exactly, where the halo covers what it sees") {
        const auto network = SmallSwinIR(1, 2, 8).network();
        CHECK(network.reach <= kHalo);
        const auto differences = tiledAgainstWhole(network, picture);
        CHECK(differences.inside < 1e-5);
        CHECK(differences.everywhere < 0.1);
    }
    SECTION("closely, where windows reach on") {
        const auto network = SmallSwinIR(3, 4, 8).network();
        CHECK(network.reach > 2 * kHalo);
        const auto differences = tiledAgainstWhole(network, picture);
        CHECK(differences.inside < 1e-4);
        CHECK(differences.everywhere < 0.1);
    }
}

TEST_CASE("weights that do not fit the windows are refused", "[windows]") {
    SmallSwinIR small(1, 2, 4);
    const std::string attention = "layers.0.residual_group.blocks.1.attn.";
    const auto [name, shape] = GENERATE(table<std::string, weights::Shape>({
        {"relative_position_bias_table", {25, 2}},  // a window of 3 beside one of 4
        {"relative_position_bias_table", {49, 3}},  // heads that do not divide 8 channels
        {"relative_position_bias_table", {49, 0}},
        {"qkv.weight", {16, 8}},
        {"proj.weight", {8, 9}},
    }));
    CAPTURE(name, shape);
    const std::vector<float> values(weights::elements(shape), 0.1f);
    small.weights.tensors[attention + name] = weights::own(small.weights, shape, values);
    if (name == "qkv.weight") small.weights.tensors.erase(attention + "qkv.bias");
    CHECK_THROWS_AS(small.network(), Error);
}

TEST_CASE("a table of positions cannot ask for unbounded windows", "[windows]") {
    SmallSwinIR small(1, 2, 4);
    const std::string table = "layers.0.residual_group.blocks.0.attn.relative_position_bias_table";
    const int rows = GENERATE(0, 2, 4, 65 * 65, 1023 * 1023);
    const std::vector<float> values(std::size_t(rows), 0.0f);
    small.weights.tensors[table] = weights::own(small.weights, {rows, 1}, values);
    CHECK_THROWS_AS(small.network(), Error);
}
