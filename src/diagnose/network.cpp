#include "diagnose/network.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "model/model.h"
#include "ops/planar.h"

namespace acuity::diagnose {
namespace {

constexpr std::size_t kKept = 6;  // sizes; each holds tens of megabytes

std::string weights(const std::string& name) {
    const std::filesystem::path file =
        std::filesystem::path(model::modelsFolder()) / "diagnose" / (name + ".onnx");
    std::error_code code;
    if (!std::filesystem::exists(file, code))
        throw Error(Kind::model, "the network " + name +
                                     " that looks at pictures is not in the folder of models; "
                                     "install Acuity anew");
    return readFile(file.string());
}

}  // namespace

Network::Network(const std::string& name, std::shared_ptr<engine::Engine> engine, int threads)
    : onnx_(weights(name)),
      engine_(std::move(engine)),
      settings_{engine::Precision::f32, threads, 1} {}

std::shared_ptr<engine::Compiled> Network::compiled(int height, int width) {
    std::lock_guard guard(mutex_);
    const std::pair size{height, width};
    const auto known = std::find_if(bySize_.begin(), bySize_.end(),
                                    [&](const auto& entry) { return entry.first == size; });
    if (known != bySize_.end())
        bySize_.splice(bySize_.begin(), bySize_, known);
    else
        bySize_.emplace_front(size, engine_->compile(onnx_, height, width, settings_));
    if (bySize_.size() > kKept) bySize_.pop_back();
    return bySize_.front().second;
}

Network::Answer Network::run(const std::vector<float>& planes, int height, int width) {
    const auto network = compiled(height, width);
    const auto request = network->request();
    std::copy(planes.begin(), planes.end(), request->input());
    request->run();
    Answer answer{network->output(), {}};
    const auto& [channels, rows, columns] = answer.size;
    answer.values.assign(request->output(),
                         request->output() + std::size_t(channels) * rows * columns);
    return answer;
}

std::vector<float> planesOf(const vips::VImage& picture, const ops::Rect& wanted) {
    const int left = std::max(0, wanted.left), top = std::max(0, wanted.top);
    const VipsRect area{left, top, std::min(picture.width(), wanted.right()) - left,
                        std::min(picture.height(), wanted.bottom()) - top};
    const std::unique_ptr<VipsRegion, void (*)(void*)> region(vips_region_new(picture.get_image()),
                                                              [](void* p) { g_object_unref(p); });
    if (vips_region_prepare(region.get(), &area))
        throw Error(Kind::input, "the picture's pixels could not be computed");
    std::vector<float> planes(3 * std::size_t(wanted.width) * wanted.height);
    ops::readPlanes(region.get(), {picture.format(), picture.bands()}, picture.width(),
                    picture.height(), wanted, planes.data());
    return planes;
}

}  // namespace acuity::diagnose
