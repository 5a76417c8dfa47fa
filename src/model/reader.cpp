#include "model/reader.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "architectures/families.h"
#include "base/error.h"
#include "weights/mapped.h"
#include "weights/read.h"

namespace acuity::model {
namespace fs = std::filesystem;

bool namesFile(const std::string& name) {
    static constexpr std::array kEndings{".onnx", ".safetensors", ".pth",   ".pt",
                                         ".ckpt", ".bin",         ".param", ".pb"};
    const std::string ending = fs::path(name).extension().string();
    return name.find('/') != std::string::npos ||
           std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

architectures::Network readNetwork(const std::string& path, const architectures::Options& options,
                                   const std::string& fileName) {
    return architectures::arrange(weights::read(path), options, fileName);
}

}  // namespace acuity::model
