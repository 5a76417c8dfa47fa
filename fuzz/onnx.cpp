// Fuzzes what reads foreign ONNX files: facts, and normalising. Nothing but Error may come out.
#include <cstddef>
#include <cstdint>

#include "architectures/onnx_file.h"
#include "base/error.h"
#include "model/onnx_facts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    acuity::model::onnxMetadata(bytes, "acuity");
    acuity::architectures::isOnnx(bytes);
    // A folder without files: weights beside the file are never there.
    try {
        acuity::architectures::normalise(bytes, "/proc/self/fdinfo", {}, "fuzz_x2.onnx");
    } catch (const acuity::Error&) {
    }
    try {
        acuity::architectures::normalise(bytes, "/proc/self/fdinfo",
                                         {{"range", "255"}, {"scale", "2"}, {"sigma", "1"}},
                                         "fuzz.onnx");
    } catch (const acuity::Error&) {
    }
    return 0;
}
