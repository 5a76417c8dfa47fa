// Graphs and weights of ncnn, up to the network made of them. An input is a .param, a line "----",
// and a .bin.
#include <cstdint>
#include <string_view>

#include "architectures/ncnn.h"
#include "base/error.h"
#include "weights/ncnn.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view kBetween = "\n----\n";
    const std::size_t end = all.find(kBetween);
    const std::string_view param = all.substr(0, end);
    const std::string_view bin = end == all.npos ? "" : all.substr(end + kBetween.size());
    try {
        acuity::weights::NcnnModel model = acuity::weights::parseNcnnParam(param);
        acuity::weights::parseNcnnBin(model, bin);
        acuity::architectures::fromNcnn(model, {}, "fuzz");
    } catch (const acuity::Error&) {
        // Refused in a sentence, as it should be.
    }
    return 0;
}
