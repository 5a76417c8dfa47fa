#include "fuzz.h"
#include "weights/read.h"

FUZZ(bytes) {
    const auto weights = acuity::weights::parseSafetensors(bytes);
    for (const auto& [name, tensor] : weights.tensors) floats(tensor);
}
