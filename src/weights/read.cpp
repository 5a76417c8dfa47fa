#include "weights/read.h"

#include "base/error.h"
#include "weights/mapped.h"
#include "weights/torch.h"

namespace acuity::weights {

Weights parse(std::string_view bytes) {
    if (bytes.empty()) throw Error(Kind::model, "it is empty");
    if (isSafetensors(bytes)) return parseSafetensors(bytes);
    if (isTorch(bytes)) return parseTorch(bytes);
    throw Error(Kind::model, "it is no weight file that Acuity reads");
}

Weights read(const std::string& path) {
    auto file = std::make_shared<const Mapped>(path);
    Weights weights = parse(file->bytes());
    weights.owners.push_back(file);
    return weights;
}

}  // namespace acuity::weights
