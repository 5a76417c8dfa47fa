// The small networks that measure pictures instead of making them. Their weights lie in
// models/diagnose, apart from those that enlarge.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>
#include <vips/vips8>

#include "engine/engine.h"
#include "ops/tile_grid.h"

namespace acuity::diagnose {

class Network {
  public:
    /// `name` without ending. Throws Error(model) when its weights are not there.
    Network(const std::string& name, std::shared_ptr<engine::Engine> engine, int threads);

    struct Answer {
        engine::Size size;
        std::vector<float> values;  // [channels][height][width]
    };

    /// Gets ready for inputs of this size: a tenth of a second that run() would take the first
    /// time.
    void prepare(int height, int width) { compiled(height, width); }

    /// `planes`: RGB, 0 to 1, [3][height][width].
    Answer run(const std::vector<float>& planes, int height, int width);

  private:
    std::shared_ptr<engine::Compiled> compiled(int height, int width);

    const std::string onnx_;
    const std::shared_ptr<engine::Engine> engine_;
    const engine::Settings settings_;
    std::mutex mutex_;
    /// The latest ones, compiled for a height and width.
    std::list<std::pair<std::pair<int, int>, std::shared_ptr<engine::Compiled>>> bySize_;
};

/// Planes [3][height][width], 0 to 1, of a rectangle of a picture in random access (1 or 3 bands);
/// what lies beyond the picture is mirrored.
std::vector<float> planesOf(const vips::VImage& picture, const ops::Rect& wanted);

}  // namespace acuity::diagnose
