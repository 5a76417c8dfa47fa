// The default engine: OpenVINO on the processor or an Intel GPU.
#include <malloc.h>

#include <openvino/openvino.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/system.h"
#include "engine/engine.h"

namespace acuity::engine {
namespace {

/// OpenVINO's exceptions carry source places and several lines; a person needs the last sentence.
std::string lastLine(const std::exception& error) {
    std::string text = error.what();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

/// Compiling leaves copies of the weights behind, which the allocator would keep for later.
void giveBackMemory() {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

Size sizeOf(const ov::Shape& shape) {
    if (shape.size() != 4 || shape[0] != 1)
        throw Error(Kind::model, "this network does not map one picture to one picture");
    return {int(shape[1]), int(shape[2]), int(shape[3])};
}

class OpenVinoRequest : public Request {
  public:
    explicit OpenVinoRequest(ov::InferRequest request) : request_(std::move(request)) {
        input_ = request_.get_input_tensor();
        output_ = request_.get_output_tensor();
    }
    float* input() override { return input_.data<float>(); }
    void run() override {
        try {
            request_.infer();
        } catch (const std::exception& error) {
            throw Error(Kind::engine, "the engine failed while computing: " + lastLine(error));
        }
    }
    const float* output() const override { return output_.data<const float>(); }

  private:
    ov::InferRequest request_;
    ov::Tensor input_, output_;
};

class OpenVinoCompiled : public Compiled {
  public:
    explicit OpenVinoCompiled(ov::CompiledModel model) : model_(std::move(model)) {
        input_ = sizeOf(model_.input().get_shape());
        output_ = sizeOf(model_.output().get_shape());
    }
    std::unique_ptr<Request> request() override {
        return std::make_unique<OpenVinoRequest>(model_.create_infer_request());
    }
    Size input() const override { return input_; }
    Size output() const override { return output_; }

  private:
    ov::CompiledModel model_;
    Size input_, output_;
};

class OpenVino : public Engine {
  public:
    explicit OpenVino(std::string device) : device_(std::move(device)) {
        const std::string cache = cacheFolder();
        // Compiling small networks takes less time than reading them back; a GPU's kernels do not.
        if (!cache.empty() && device_ != "CPU") core_.set_property(ov::cache_dir(cache));
    }

    std::string name() const override {
        const std::string build = ov::get_openvino_version().buildNumber;
        return "OpenVINO " + build.substr(0, build.find('-')) + " " + device_;
    }

    Precision preferred() const override {
        return device_ != "CPU" || hasBf16() ? Precision::bf16 : Precision::f32;
    }

    std::unique_ptr<Compiled> compile(const std::string& onnx, int height, int width,
                                      const Settings& settings) override {
        std::shared_ptr<ov::Model> model;
        try {
            model = core_.read_model(onnx, ov::Tensor());
            if (model->inputs().size() != 1 || model->outputs().size() != 1)
                throw Error(Kind::model, "it has more than one input or output");
            model->reshape(ov::PartialShape{1, 3, height, width});
            auto compiled = std::make_unique<OpenVinoCompiled>(
                core_.compile_model(model, device_, properties(settings)));
            model.reset();
            giveBackMemory();
            return compiled;
        } catch (const Error&) {
            throw;
        } catch (const std::exception& error) {
            throw Error(Kind::model, "the engine cannot run it: " + lastLine(error));
        }
    }

  private:
    ov::AnyMap properties(const Settings& settings) const {
        const bool bf16 = settings.precision == Precision::bf16;
        const auto reduced = device_ == "CPU" ? ov::element::bf16 : ov::element::f16;
        ov::AnyMap map{ov::hint::inference_precision(bf16 ? reduced : ov::element::f32)};
        if (device_ != "CPU") return map;
        map.emplace(ov::inference_num_threads(settings.threads));
        map.emplace(ov::num_streams(settings.streams));
        map.emplace(ov::hint::enable_cpu_pinning(false));
        return map;
    }

    std::string device_;
    ov::Core core_;
};

std::vector<std::string> gpus() {
    std::vector<std::string> found;
    try {
        for (const std::string& device : ov::Core().get_available_devices())
            if (device.rfind("GPU", 0) == 0) found.push_back(device);
    } catch (const std::exception&) {
        // A broken driver is the same as no GPU.
    }
    return found;
}

}  // namespace

const char* name(Precision precision) {
    return precision == Precision::bf16 ? "bf16" : "f32";
}

std::shared_ptr<Engine> openEngine(const std::string& device, int number) {
    if (device == "gpu") {
        const auto found = gpus();
        if (number < 0 || number >= int(found.size()))
            throw Error(Kind::engine,
                        found.empty() ? "no GPU was found that the engine can use; run with "
                                        "--engine cpu, or install the GPU's driver"
                                      : "there is no GPU number " + std::to_string(number) + "; " +
                                            std::to_string(found.size()) + " were found");
        return std::make_shared<OpenVino>(found[size_t(number)]);
    }
    if (device != "cpu" && device != "auto")
        throw Error(Kind::usage, "--engine knows cpu, gpu and auto, not " + inQuotes(device));
    return std::make_shared<OpenVino>("CPU");
}

}  // namespace acuity::engine
