// libFuzzer: TensorFlow graphs. Whatever the bytes, the answer is a network or an Error.
#include <cstddef>
#include <cstdint>

#include "architectures/tensorflow.h"
#include "base/error.h"
#include "weights/tensorflow.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    acuity::weights::isTensorflow(bytes);
    try {
        acuity::architectures::fromTensorflow(bytes, {}, "fuzz.pb");
    } catch (const acuity::Error&) {
    }
    return 0;
}
