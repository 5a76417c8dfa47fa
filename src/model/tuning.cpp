#include "model/tuning.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/failure.h"
#include "base/system.h"
#include "model/memory.h"

namespace acuity::model {
using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kMemory = "tuning.json";

/// Everything a measurement depends on.
std::string keyOf(const Runner& runner) {
    return processorName() + "|" + runner.engine().name() + "|" +
           engine::name(runner.settings().precision) + "|" +
           std::to_string(runner.settings().threads) + "|" + runner.hash().substr(0, 12);
}

int aligned(int tile, const Facts& facts) {
    while ((tile + 2 * facts.halo) % facts.align) tile++;
    return tile;
}

/// The one size that there is, longer side first: any grid will use it.
int fixedTile(const Facts& facts) {
    return std::max(facts.fixedHeight, facts.fixedWidth) - 2 * facts.halo;
}

}  // namespace

Tuning estimateTuning(const Runner& runner) {
    if (runner.facts().fixedWidth) return {fixedTile(runner.facts()), runner.settings().threads, 0};
    // Layers of about 64 channels should stay within a few times the core's own cache; f32 is bound
    // by arithmetic, so that a smaller share of halo counts more than the cache.
    const bool bf16 = runner.settings().precision == engine::Precision::bf16;
    const double bytes = double(coreCacheSize()) * (bf16 ? 4 : 16);
    const double side = std::sqrt(bytes / (64 * (bf16 ? 2 : 4))) - 2 * runner.facts().halo;
    const int tile = std::clamp(int(side) / 16 * 16, 96, 384);
    return {aligned(tile, runner.facts()), runner.settings().threads, 0};
}

std::optional<Tuning> rememberedTuning(const Runner& runner) {
    try {
        const json found = recall(kMemory, keyOf(runner));
        if (!found.is_object()) return std::nullopt;
        Tuning tuning{found.at("tile"), found.at("streams"), found.at("nanoseconds")};
        if (tuning.tile < 16 || tuning.tile > 4096 || tuning.streams < 1 || tuning.streams > 512)
            return std::nullopt;
        return tuning;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

double measureTile(Runner& runner, int tile, int rounds) {
    const Facts& facts = runner.facts();
    const int side = aligned(tile, facts) + 2 * facts.halo;
    const int height = facts.fixedHeight ? facts.fixedHeight : side;
    const int width = facts.fixedWidth ? facts.fixedWidth : side;
    const auto compiled = runner.compiled(height, width);
    const int streams = runner.settings().streams;
    std::vector<std::unique_ptr<engine::Request>> requests;
    for (int i = 0; i < streams; i++) {
        requests.push_back(compiled->request());
        std::fill_n(requests.back()->input(), std::size_t(3) * height * width, 0.5f);
    }
    const auto round = [&] {
        std::vector<std::thread> threads;
        const auto began = Clock::now();
        Failure failure;
        for (auto& request : requests)
            threads.emplace_back([&] {
                try {
                    request->run();
                } catch (...) {
                    failure.keep();
                }
            });
        for (auto& thread : threads) thread.join();
        failure.rethrow();
        return std::chrono::duration<double, std::nano>(Clock::now() - began).count();
    };
    round();  // the first one pays for memory and code
    double best = round();
    for (int i = 1; i < rounds; i++) best = std::min(best, round());
    return best / (double(height - 2 * facts.halo) * (width - 2 * facts.halo) * streams);
}

Tuning searchTuning(Runner& runner, double pixels, const Cancel* cancel) {
    constexpr double kShare = 1.0 / 12;
    const int cores = runner.settings().threads;
    const int guess = estimateTuning(runner).tile;
    std::vector<std::pair<int, int>> candidates;  // tile, streams
    const bool fixed = runner.facts().fixedWidth > 0;
    candidates.emplace_back(guess, cores);
    if (!fixed)
        for (const int tile : {256, 384, 192, 512, 128})
            candidates.emplace_back(aligned(tile, runner.facts()), cores);
    if (cores > 1) candidates.emplace_back(guess, 1);
    if (cores > 1 && !fixed)
        for (const int tile : {512, 256}) candidates.emplace_back(aligned(tile, runner.facts()), 1);
    Tuning best;
    const auto began = Clock::now();
    for (const auto& [tile, streams] : candidates) {
        if (cancel) cancel->check();
        const double spent = std::chrono::duration<double, std::nano>(Clock::now() - began).count();
        if (best.tile && spent > kShare * pixels * best.nanoseconds) break;
        runner.setStreams(streams);
        const double cost = measureTile(runner, tile, 1);
        runner.forgetSizes();  // what lost must not take up memory for the rest of the run
        if (!best.tile || cost < best.nanoseconds) best = {tile, streams, cost};
    }
    runner.setStreams(best.streams);
    remember(kMemory, keyOf(runner),
             {{"tile", best.tile}, {"streams", best.streams}, {"nanoseconds", best.nanoseconds}});
    return best;
}

}  // namespace acuity::model
