// SRMD and SRMDNF (Zhang et al., 2018, KAIR's names): plain convolutions that see, beside the
// picture, the blur it went through (15 numbers: its kernel in the basis that a PCA gave the
// authors) and, SRMD, its noise. The basis is not in the weights: the numbers come with
// --model-option planes=..., and there is no honest default for them.
#include <cmath>
#include <cstdlib>

#include "architectures/families.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

namespace {

constexpr int kBlur = 15;

/// "0.1,-0.2,...": the blur's 15 numbers.
std::vector<float> blur(const Options& options) {
    const auto found = options.find("planes");
    if (found == options.end())
        throw Error(Kind::usage,
                    "it is an SRMD network, which must be told the blur that it is to undo: give "
                    "the 15 numbers of the kernel's PCA with --model-option planes=A,B,...");
    std::vector<float> values;
    const char* at = found->second.c_str();
    while (values.size() <= kBlur) {
        char* end = nullptr;
        values.push_back(std::strtof(at, &end));
        if (end == at || !std::isfinite(values.back())) values.clear();
        if (end == at || *end != ',') {
            at = end;
            break;
        }
        at = end + 1;
    }
    if (values.size() != kBlur || *at)
        throw Error(Kind::usage,
                    "--model-option planes takes 15 numbers with commas between, not " +
                        inQuotes(found->second));
    return values;
}

/// Planes of these values, as large as the input.
Value planes(Graph& graph, const std::vector<float>& values) {
    const auto count = static_cast<std::int64_t>(values.size());
    const Value size = graph.slice(graph.shapeOf(graph.input()), 0, 2, 4);
    const Value shape =
        graph.node("Concat", {graph.integers({1, count}), size}, {{"axis", std::int64_t(0)}});
    Value y = graph.node("Expand", {graph.constant({1, count, 1, 1}, values), shape});
    y.channels = static_cast<int>(count);
    return y;
}

std::string layer(int i, const char* what) {
    return "model." + std::to_string(i) + what;
}

}  // namespace

bool fitsSrmd(const State& state) {
    if (!state.has("model.0.weight") || !state.has("model.2.weight")) return false;
    const Shape& first = state.at("model.0.weight").shape;
    return first.size() == 4 && (first[1] == 3 + kBlur || first[1] == 3 + kBlur + 1);
}

Network buildSrmd(const Source& source) {
    const State& state = source.state;
    const bool noisy = state.side("model.0.weight", 1) == 3 + kBlur + 1;
    const int last = state.largest("model.");
    std::vector<float> values = blur(source.options);
    const double noise = real(source.options, "noise", 0, 0, noisy ? 75 : 0);
    if (noisy) values.push_back(float(noise / 255));
    Graph graph(3);
    Value x = graph.concat({graph.input(), planes(graph, values)});
    for (int i = 0; i <= last; i += 2) {
        x = graph.conv(x, state.at(layer(i, ".weight")), state.find(layer(i, ".bias")));
        if (i < last) x = graph.relu(x);
    }
    const auto scale = shuffleFactor(x.channels, 3);
    if (!scale) throw Error(Kind::model, "its last layer does not fit a pixel shuffle");
    std::string details = std::to_string(state.side("model.0.weight", 0)) + " channels, " +
                          std::to_string(last / 2 + 1) + " convolutions, planes " +
                          source.options.at("planes");
    if (noisy) details += ", noise " + std::to_string(int(std::lround(noise)));
    return finish(graph, graph.pixelShuffle(x, *scale), noisy ? "SRMD" : "SRMDNF", details);
}

}  // namespace acuity::architectures
