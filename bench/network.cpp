// How fast a network can run here at all: nothing but inferences on tiles of one size.
//
//   bench_network MODEL SIDE STREAMS PRECISION SECONDS
//
// SIDE: tile side in input pixels; STREAMS: inferences at the same time; PRECISION: bf16 or f32.
// Prints one JSON object; nanoseconds are wall time per input pixel, all cores together.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/system.h"
#include "engine/engine.h"
#include "model/model.h"

namespace {

using namespace acuity;

double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// A picture-like ramp with some structure: zeros could be faster than pictures.
void fill(float* to, engine::Size size) {
    for (int i = 0; i < size.channels * size.height * size.width; ++i)
        to[i] = static_cast<float>(i * 2654435761u >> 24) / 255.f;
}

// Wall seconds of one round in which every request runs once, median over all rounds.
double round(std::vector<std::unique_ptr<engine::Request>>& requests, double seconds) {
    const auto once = [&] {
        const double began = now();
        std::vector<std::thread> others;
        for (size_t i = 1; i < requests.size(); ++i)
            others.emplace_back([&, i] { requests[i]->run(); });
        requests[0]->run();
        for (auto& thread : others) thread.join();
        return now() - began;
    };
    once();
    once();
    std::vector<double> times;
    for (const double end = now() + seconds; now() < end || times.size() < 3;)
        times.push_back(once());
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    return times[times.size() / 2];
}

}  // namespace

int main(int count, char** words) try {
    if (count != 6) {
        std::fprintf(stderr, "usage: bench_network MODEL SIDE STREAMS PRECISION SECONDS\n");
        return 2;
    }
    const int side = std::atoi(words[2]), streams = std::atoi(words[3]);
    const auto engine = engine::openEngine("cpu");
    const auto model = model::load(words[1], engine.get());
    engine::Settings settings;
    settings.precision =
        std::string(words[4]) == "bf16" ? engine::Precision::bf16 : engine::Precision::f32;
    settings.threads = coreCount();
    settings.streams = streams;
    const auto compiled = engine->compile(model.onnx, side, side, settings);
    std::vector<std::unique_ptr<engine::Request>> requests;
    for (int i = 0; i < streams; ++i) {
        requests.push_back(compiled->request());
        fill(requests.back()->input(), compiled->input());
    }
    const double seconds = round(requests, std::atof(words[5]));
    const nlohmann::json result{{"engine", engine->name()},
                                {"tile", side},
                                {"streams", streams},
                                {"precision", words[4]},
                                {"ns", seconds * 1e9 / (double(side) * side * streams)}};
    std::printf("%s\n", result.dump().c_str());
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_network: %s\n", error.what());
    return 1;
}
