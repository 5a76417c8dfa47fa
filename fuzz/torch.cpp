#include "weights/torch.h"
#include "fuzz.h"

FUZZ(bytes) {
    const auto weights = acuity::weights::parseTorch(bytes);
    for (const auto& [name, tensor] : weights.tensors) floats(tensor);
}
