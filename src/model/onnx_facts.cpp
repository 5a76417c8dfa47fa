#include "model/onnx_facts.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>

#include "weights/protobuf.h"

namespace acuity::model {
namespace {

using weights::Fields;
using Pixels = std::vector<float>;

constexpr int kModelGraph = 7, kGraphInitializer = 5, kTensorName = 8, kTensorRawData = 9;
constexpr int kModelMetadataProps = 14, kEntryKey = 1,
              kEntryValue = 2;  // field numbers in onnx.proto
constexpr int kMostScale = 16;

/// A network compiled for one size, and the factor by which it enlarges.
struct Trial {
    std::unique_ptr<engine::Compiled> compiled;
    engine::Size in, out;
    int scale = 0;
};

/// Throws Error(model) when the engine cannot or the output is no enlargement.
Trial tryAt(const std::string& onnx, engine::Engine& engine, int height, int width) {
    Trial trial;
    trial.compiled = engine.compile(onnx, height, width, {engine::Precision::f32, 1, 1});
    trial.in = trial.compiled->input();
    trial.out = trial.compiled->output();
    if (trial.in.channels != 3 || trial.out.channels != 3)
        throw Error(Kind::model,
                    "it does not map RGB to RGB; give its facts in a card "
                    "(docs/models.md)");
    trial.scale = trial.out.height / height;
    if (trial.scale < 1) throw Error(Kind::model, "it makes pictures smaller; it is no upscaler");
    if (trial.out.height != trial.scale * height || trial.out.width != trial.scale * width ||
        trial.scale > kMostScale)
        throw Error(Kind::model, "it does not enlarge by a whole factor from 1 to 16");
    return trial;
}

/// The scale at this size, or nothing when it does not run there.
std::optional<int> scaleAt(const std::string& onnx, engine::Engine& engine, int height, int width) {
    try {
        return tryAt(onnx, engine, height, width).scale;
    } catch (const Error& error) {
        if (error.kind() != Kind::model) throw;
        return std::nullopt;
    }
}

/// At the size that it declares, else at the smallest of a few: some need room for whole windows or
/// a padded border, and windows may be of 7 or 12 pixels.
Trial trialOf(const architectures::Network& network, engine::Engine& engine) {
    if (network.fixedHeight > 0)
        return tryAt(network.onnx, engine, network.fixedHeight, network.fixedWidth);
    constexpr int kSmallest = 64;
    try {
        return tryAt(network.onnx, engine, kSmallest, kSmallest);
    } catch (const Error& error) {
        if (error.kind() != Kind::model) throw;
        for (const int side : {256, 320, 336})
            if (scaleAt(network.onnx, engine, side, side))
                return tryAt(network.onnx, engine, side, side);
        throw;
    }
}

/// The least number of which sides must be multiples. Throws Error(model) where there is none.
int alignmentOf(const std::string& onnx, engine::Engine& engine, const Trial& trial) {
    const int least = trial.in.height;
    for (const int align : {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 48, 64}) {
        // Odd multiples, which those of a larger number are not.
        const int times = ((least + align - 1) / align) | 1;
        if (scaleAt(onnx, engine, times * align, (times + 2) * align) == trial.scale) return align;
    }
    throw Error(Kind::model,
                "it runs at some sizes only, and which ones could not be found out; give its facts "
                "in a card (docs/models.md)");
}

Pixels run(const Trial& trial, const Pixels& input) {
    const auto request = trial.compiled->request();
    std::copy(input.begin(), input.end(), request->input());
    request->run();
    return {request->output(),
            request->output() + std::size_t(3) * trial.out.height * trial.out.width};
}

struct Reach {
    int any = 0;   // farthest pixel that changes at all
    int seen = 0;  // farthest that changes by 1/1024
};

/// How far a change in the middle pixel reaches.
Reach reachOf(const Trial& trial) {
    const int height = trial.in.height, width = trial.in.width;
    Pixels noise(std::size_t(3) * height * width);
    std::mt19937 random(1);
    for (float& v : noise) v = float(random() & 0xffff) / 65535.0f;
    const Pixels before = run(trial, noise);
    for (int c = 0; c < 3; c++) {
        float& pixel = noise[(std::size_t(c) * height + height / 2) * width + width / 2];
        pixel = pixel > 0.5f ? 0.0f : 1.0f;
    }
    const Pixels after = run(trial, noise);
    Reach reach;
    std::size_t i = 0;
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < trial.out.height; y++)
            for (int x = 0; x < trial.out.width; x++, i++) {
                if (before[i] == after[i]) continue;
                const int far = std::max(std::abs(y / trial.scale - height / 2),
                                         std::abs(x / trial.scale - width / 2));
                reach.any = std::max(reach.any, far);
                if (!(std::abs(before[i] - after[i]) < 1.0f / 1024))
                    reach.seen = std::max(reach.seen, far);
            }
    return reach;
}

double secondsOfRun(const Trial& trial) {
    const Pixels grey(std::size_t(3) * trial.in.height * trial.in.width, 0.5f);
    const auto start = std::chrono::steady_clock::now();
    run(trial, grey);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A small reach is taken as it is. Beyond that, what changes by less than a tenth of a step of 8
/// bits does not count, though there is much of it: at least half of the usual halo remains.
int haloFrom(Reach reach) {
    if (reach.any <= kUsualHalo) return reach.any;
    return std::clamp(reach.seen, kUsualHalo / 2, kUsualHalo);
}

/// The reach at 128x128, or at the size it takes; the usual one where measuring would take long.
void measureReach(architectures::Network& network, engine::Engine& engine, const Trial& small) {
    constexpr int kSide = 128;
    constexpr double kMostSeconds = 2;  // for one of the two runs
    const bool fixed = network.fixedHeight > 0;
    const double pixels = double(small.in.height) * small.in.width;
    const double share = fixed ? 1 : kSide * kSide / pixels;
    constexpr double kMostPixels = 1024 * 1024;
    if (pixels > kMostPixels || secondsOfRun(small) * share > kMostSeconds) {
        network.reach = kUsualHalo;
        network.global = true;
        return;
    }
    const bool enough = fixed || small.in.height >= kSide;
    const Reach reach =
        enough ? reachOf(small) : reachOf(tryAt(network.onnx, engine, kSide, kSide));
    const int side = enough ? std::min(small.in.height, small.in.width) : kSide;
    network.reach = haloFrom(reach);
    network.global = reach.any >= side / 2 - 1;
}

}  // namespace

std::optional<std::string> onnxMetadata(std::string_view onnx, std::string_view key) {
    for (Fields model(onnx); model.next();) {
        if (model.number() != kModelMetadataProps) continue;
        std::string_view entryKey, entryValue;
        for (Fields fields(model.bytes()); fields.next();) {
            if (fields.number() == kEntryKey) entryKey = fields.bytes();
            if (fields.number() == kEntryValue) entryValue = fields.bytes();
        }
        if (entryKey == key) return std::string(entryValue);
    }
    return std::nullopt;
}

bool replaceOnnxFloats(std::string& onnx, std::string_view name, const std::vector<float>& values) {
    const std::size_t bytes = values.size() * sizeof(float);
    for (Fields model(onnx); model.next();) {
        if (model.number() != kModelGraph) continue;
        for (Fields graph(model.bytes()); graph.next();) {
            if (graph.number() != kGraphInitializer) continue;
            std::string_view its, raw;
            for (Fields tensor(graph.bytes()); tensor.next();) {
                if (tensor.number() == kTensorName) its = tensor.bytes();
                if (tensor.number() == kTensorRawData) raw = tensor.bytes();
            }
            if (its != name || raw.size() != bytes) continue;
            std::memcpy(onnx.data() + (raw.data() - onnx.data()), values.data(), bytes);
            return true;
        }
    }
    return false;
}

void measure(architectures::Network& network, engine::Engine& engine) {
    constexpr int kSmall = 64, kLarger = 128;
    bool free = true;
    const int height = network.fixedHeight, width = network.fixedWidth;
    if (height > 0) {
        const int scale = tryAt(network.onnx, engine, height, width).scale;
        // The size is only declared when a smaller and a larger picture come out as they should.
        const auto multiple = [](int side) { return (side / kSmall + 2) * kSmall; };
        const auto small = scaleAt(network.onnx, engine, kSmall, kLarger);
        free = small == scale &&
               scaleAt(network.onnx, engine, multiple(height), multiple(width)) == scale;
        if (free) network.fixedHeight = network.fixedWidth = 0;
    }
    const Trial trial = trialOf(network, engine);
    network.scale = trial.scale;
    if (free) network.align = alignmentOf(network.onnx, engine, trial);
    if (network.reach == 0) measureReach(network, engine, trial);
}

architectures::Options measureRange(const architectures::Network& network, engine::Engine& engine) {
    const Trial trial = trialOf(network, engine);
    const int height = trial.in.height, width = trial.in.width;
    const std::size_t area = std::size_t(height) * width;
    const auto ramp = [&](int x) { return (x + 0.5f) / float(width); };
    const auto filled = [&](double low, double high, bool flat) {
        Pixels pixels(3 * area);
        for (std::size_t i = 0; i < pixels.size(); ++i)
            pixels[i] = float(low + (high - low) * (flat ? 0.5f : ramp(int(i % width))));
        return pixels;
    };
    struct Range {
        double low, high;
        const char *range, *mean, *deviation;
    };
    const Range ranges[] = {
        {0, 1, "1", "0", "1"}, {0, 255, "255", "0", "1"}, {-1, 1, "1", "0.5", "0.5"}};
    constexpr double kMargin = 1.0 / 8;  // borders show padding, not the range
    // Mean distance of the output, brought back to 0-1, from the input it ought to follow.
    const auto distance = [&](const Pixels& output, const Range& range, bool flat) {
        double sum = 0;
        std::size_t count = 0;
        const int outWidth = trial.out.width, outHeight = trial.out.height;
        for (int c = 0; c < 3; ++c)
            for (int y = int(outHeight * kMargin); y < outHeight * (1 - kMargin); ++y)
                for (int x = int(outWidth * kMargin); x < outWidth * (1 - kMargin); ++x) {
                    const double value =
                        (output[(std::size_t(c) * outHeight + y) * outWidth + x] - range.low) /
                        (range.high - range.low);
                    const double wanted = flat ? 0.5 : (x + 0.5) / outWidth;
                    sum += std::min(std::abs(value - wanted), 1e3);
                    ++count;
                }
        return sum / double(count);
    };
    // Networks without much bias follow any range: the usual one is left only when it clearly does
    // not fit and another does.
    constexpr double kUsualFits = 0.06, kFits = 0.1, kBetter = 0.4;
    double usual = 0, best = 0;
    architectures::Options options;
    for (const Range& in : ranges) {
        const Pixels flat = run(trial, filled(in.low, in.high, true));
        const Pixels slope = run(trial, filled(in.low, in.high, false));
        for (const Range& out : ranges) {
            const double far = distance(flat, out, true) + distance(slope, out, false);
            if (&in == ranges && &out == ranges) usual = best = far;
            if (usual < kUsualFits) return {};
            if (far >= best || far > kFits || far > kBetter * usual) continue;
            best = far;
            options = {{"range", in.range}, {"mean", in.mean}, {"std", in.deviation}};
            if (&in == &out) continue;
            options["outrange"] = out.range;
            options["outmean"] = out.mean;
            options["outstd"] = out.deviation;
        }
    }
    return options;
}

}  // namespace acuity::model
