#include "architectures/families.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

// One line for each file of this room.
bool fitsCompact(const State&);
Network buildCompact(const Source&);
bool fitsRealCugan(const State&);
Network buildRealCugan(const Source&);
bool fitsCunet(const State&);
Network buildCunet(const Source&);
bool fitsUpConv7(const State&);
Network buildUpConv7(const Source&);
bool fitsSrmd(const State&);
Network buildSrmd(const Source&);

const std::vector<Family>& families() {
    static const std::vector<Family> all{
        {"Compact", fitsCompact, buildCompact},
        {"Real-CUGAN", fitsRealCugan, buildRealCugan},
        {"waifu2x CUNet", fitsCunet, buildCunet},
        {"waifu2x UpConv7", fitsUpConv7, buildUpConv7},
        {"SRMD", fitsSrmd, buildSrmd},
    };
    return all;
}

Network arrange(weights::Weights weights, const Options& options, const std::string& fileName) {
    const State state(std::move(weights));
    for (const Family& family : families())
        if (family.fits(state)) return family.build({state, options, fileName});
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
    if (output.channels != 3 || scale < 1 || scale > 16 || std::abs(scale - output.scale) > 1e-6)
        throw Error(Kind::model, "it is a " + family +
                                     " network that does not enlarge RGB by a whole factor from 1 "
                                     "to 16");
    network.scale = static_cast<int>(scale);
    network.reach = static_cast<int>(std::ceil(output.reach));
    network.family = family;
    network.details = details;
    network.onnx = graph.onnx(output);
    return network;
}

namespace {

struct Matrix {
    float rows[9];     // on RGB 0-1, row by row
    float offsets[3];  // added afterwards
};

// ITU-R BT.601.
Matrix toYcc(Luma range) {
    const bool studio = range == Luma::studio;
    const double y = studio ? 219.0 / 255 : 1, c = studio ? 224.0 / 255 : 1;
    const double r = 0.299, g = 0.587, b = 0.114;
    const double cb = 0.5 / (1 - b), cr = 0.5 / (1 - r);
    return {{float(y * r), float(y * g), float(y * b),                         //
             float(-c * cb * r), float(-c * cb * g), float(c * cb * (1 - b)),  //
             float(c * cr * (1 - r)), float(-c * cr * g), float(-c * cr * b)},
            {studio ? 16.0f / 255 : 0, 128.0f / 255, 128.0f / 255}};
}

Matrix fromYcc(Luma range) {
    const bool studio = range == Luma::studio;
    const double y = studio ? 255.0 / 219 : 1, c = studio ? 255.0 / 224 : 1;
    const double r = 0.299, g = 0.587, b = 0.114;
    const double red = 2 * (1 - r) * c, blue = 2 * (1 - b) * c;
    const double greenFromBlue = -blue * b / g, greenFromRed = -red * r / g;
    Matrix m{{float(y), 0, float(red),                              //
              float(y), float(greenFromBlue), float(greenFromRed),  //
              float(y), float(blue), 0},
             {}};
    const double zero = studio ? 16.0 / 255 : 0, middle = 128.0 / 255;
    for (int i = 0; i < 3; ++i)
        m.offsets[i] = float(-zero * m.rows[3 * i] -
                             middle * (double(m.rows[3 * i + 1]) + double(m.rows[3 * i + 2])));
    return m;
}

Value mixed(Graph& graph, const Value& x, const Matrix& matrix, int first, int count) {
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
