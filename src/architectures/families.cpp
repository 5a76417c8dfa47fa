#include "architectures/families.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

Network arrange(weights::Weights weights, const Options& options, const std::string& fileName) {
    const State state(std::move(weights));
    for (const Family& family : families())
        if (family.fits(state)) {
            Network network = family.build({state, options, fileName});
            const int scale = number(options, "scale", network.scale, 1, 16);
            if (scale != network.scale)
                throw Error(Kind::usage, "it enlarges by x" + std::to_string(network.scale) +
                                             ", not by x" + std::to_string(scale));
            return network;
        }
    std::string names;
    int shown = 0;
    for (const auto& [name, tensor] : state.tensors())
        if (shown++ < 3) names += (names.empty() ? "" : ", ") + inQuotes(name);
    throw Error(Kind::model, shown == 0 ? "it holds no weights"
                                        : "its weights (" + names +
                                              "...) are of no kind that Acuity knows; "
                                              "docs/models.md lists those it does");
}

std::optional<int> scaleInName(const std::string& fileName) {
    const auto digit = [&](std::size_t i) {
        return i < fileName.size() && std::isdigit((unsigned char)fileName[i]);
    };
    const auto x = [&](std::size_t i) {
        return i < fileName.size() && (fileName[i] == 'x' || fileName[i] == 'X');
    };
    for (std::size_t i = 0; i < fileName.size(); ++i) {
        if (!digit(i) || digit(i + 1) || (i > 0 && digit(i - 1))) continue;
        const bool before = i > 0 && x(i - 1), after = x(i + 1);
        if ((before || after) && fileName[i] >= '1' && fileName[i] <= '8') return fileName[i] - '0';
    }
    return std::nullopt;
}

Network finish(Graph& graph, const Value& output, const std::string& family,
               const std::string& details) {
    Network network;
    const double scale = std::round(output.scale);
    if (graph.input().channels != 3 || output.channels != 3)
        throw Error(Kind::model, "it is a " + family + " network from " +
                                     std::to_string(graph.input().channels) + " channels to " +
                                     std::to_string(output.channels) +
                                     "; Acuity runs those from RGB to RGB");
    if (scale < 1 || scale > 16 || std::abs(scale - output.scale) > 1e-6)
        throw Error(Kind::model, "it is a " + family +
                                     " network that does not enlarge by a whole factor from 1 to "
                                     "16");
    network.scale = static_cast<int>(scale);
    network.reach = static_cast<int>(std::ceil(output.reach));
    network.family = family;
    network.details = details;
    network.onnx = graph.onnx(output);
    return network;
}

namespace {

Value mixed(Graph& graph, const Value& x, const ColourMatrix& matrix, int first, int count) {
    const auto tensor = [](const float* from, Shape shape) {
        return Tensor{weights::Type::f32,
                      shape,
                      {reinterpret_cast<const char*>(from), 4 * weights::elements(shape)}};
    };
    const Tensor rows = tensor(matrix.rows + 3 * first, {count, 3, 1, 1});
    const Tensor offsets = tensor(matrix.offsets + first, {count});
    return graph.conv(x, rows, &offsets);
}

}  // namespace

Value luma(Graph& graph, Luma range) {
    return mixed(graph, graph.input(), toYcc(range), 0, 1);
}

Value coloured(Graph& graph, const Value& y, Luma range) {
    Value colour = mixed(graph, graph.input(), toYcc(range), 1, 2);
    const int scale = static_cast<int>(std::round(y.scale));
    if (scale > 1) colour = graph.bicubic(colour, scale);
    return mixed(graph, graph.concat({y, colour}), fromYcc(range), 0, 3);
}

int number(const Options& options, const std::string& name, int otherwise, int least, int most) {
    const double value = real(options, name, otherwise, least, most);
    if (value != std::floor(value))
        throw Error(Kind::usage, "--model-option " + name + " takes a whole number");
    return static_cast<int>(value);
}

double real(const Options& options, const std::string& name, double otherwise, double least,
            double most) {
    const auto found = options.find(name);
    if (found == options.end()) return otherwise;
    char* end = nullptr;
    const double value = std::strtod(found->second.c_str(), &end);
    if (found->second.empty() || *end || !(value >= least && value <= most))
        throw Error(Kind::usage, "--model-option " + name + " takes a number from " +
                                     std::to_string(least) + " to " + std::to_string(most) +
                                     ", not " + inQuotes(found->second));
    return value;
}

}  // namespace acuity::architectures
