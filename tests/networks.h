// What tests of networks share: pictures as pixels, the shipped network, and how far results
// differ.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <vector>
#include <vips/vips8>

#include "codec/load.h"
#include "model/model.h"

namespace acuity::test {

/// A picture with smooth parts, edges and noise; 1 or 3 bands, samples 0-255.
inline vips::VImage scene(int width, int height, int bands, int seed = 1) {
    codec::startVips();
    std::mt19937 random{unsigned(seed)};
    std::vector<unsigned char> samples(std::size_t(width) * height * bands);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < bands; c++) {
                double v = 128 + 80 * std::sin(x * 0.21 + c + seed) * std::cos(y * 0.17 - c);
                if ((x / 7 + y / 5) % 4 == 0) v = 255 - v;
                v += double(random() % 31) - 15;
                samples[(std::size_t(y) * width + x) * bands + c] =
                    static_cast<unsigned char>(std::min(255.0, std::max(0.0, v)));
            }
    const vips::VImage image(vips_image_new_from_memory_copy(samples.data(), samples.size(), width,
                                                             height, bands, VIPS_FORMAT_UCHAR));
    return image.copy(vips::VImage::option()->set(
        "interpretation", bands == 3 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W));
}

/// Largest difference of any sample.
inline double farthest(const vips::VImage& a, const vips::VImage& b) {
    return (a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE)).abs().max();
}

/// Root of the mean squared difference.
inline double distance(const vips::VImage& a, const vips::VImage& b) {
    const vips::VImage d = a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE);
    return std::sqrt((d * d).avg());
}

inline std::shared_ptr<model::Runner> shipped(
    const std::string& name, int streams = 2,
    engine::Precision precision = engine::Precision::f32) {
    static const auto engine = engine::openEngine("cpu");
    engine::Settings settings;
    settings.precision = precision;
    settings.threads = 2;
    settings.streams = streams;
    return std::make_shared<model::Runner>(model::load(name, engine.get()), engine, settings);
}

}  // namespace acuity::test
