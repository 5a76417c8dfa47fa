// Engines run a network given as ONNX bytes: tensor in, tensor out. No vendor's type shows here.
// Tensors are float, planar [1, channels, height, width], values as the network wants them.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace acuity::engine {

enum class Precision { f32, bf16 };

const char* name(Precision precision);

struct Settings {
    Precision precision = Precision::f32;
    int threads = 1;  // cores used by all requests together
    int streams = 1;  // requests computed at the same time, each on threads / streams cores
};

struct Size {
    int channels = 0, height = 0, width = 0;
};

/// Room for one inference. Used by one thread at a time; fill input(), run(), read output().
class Request {
  public:
    virtual ~Request() = default;
    virtual float* input() = 0;
    /// Blocks until the result is there. Throws Error(engine).
    virtual void run() = 0;
    virtual const float* output() const = 0;
};

/// A network compiled for one input size. Requests may run at the same time.
class Compiled {
  public:
    virtual ~Compiled() = default;
    virtual std::unique_ptr<Request> request() = 0;
    virtual Size input() const = 0;
    virtual Size output() const = 0;
};

class Engine {
  public:
    virtual ~Engine() = default;
    /// Engine, version and device, e.g. "OpenVINO 2026.4.1 CPU".
    virtual std::string name() const = 0;
    /// The precision that is fast here without leaving the network's accuracy: bf16 or f32.
    virtual Precision preferred() const = 0;
    /// Compiles for input [1, 3, height, width]. Throws Error(model) when the bytes are no network
    /// this engine can run.
    virtual std::unique_ptr<Compiled> compile(const std::string& onnx, int height, int width,
                                              const Settings& settings) = 0;
};

/// `device`: "cpu", "gpu" or "auto" (the processor: looking for a GPU would cost every start more
/// than it brings); `number` picks among several GPUs. Throws Error(engine) when there is none
/// such.
std::shared_ptr<Engine> openEngine(const std::string& device, int number = 0);

}  // namespace acuity::engine
