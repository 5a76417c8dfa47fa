#include "architectures/onnx_adapt.h"

#include <algorithm>
#include <cmath>

#include "architectures/onnx_graph.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures::onnx {

namespace {

/// One number for all channels, or one for each.
std::array<double, 3> three(const Options& options, const std::string& name,
                            std::array<double, 3> otherwise) {
    const auto found = options.find(name);
    if (found == options.end()) return otherwise;
    std::size_t count = 0, start = 0;
    std::array<double, 3> all{};
    while (start <= found->second.size() && count < 3) {
        const std::size_t end = std::min(found->second.find(',', start), found->second.size());
        const Options one{{name, found->second.substr(start, end - start)}};
        all[count++] = real(one, name, 0, -1e4, 1e4);
        start = end + 1;
    }
    if (start <= found->second.size() || count == 2)
        throw Error(Kind::usage, "--model-option " + name + " takes one number, or three");
    if (count == 1) all = {all[0], all[0], all[0]};
    return all;
}

/// A matrix on channels with offsets: a convolution with a kernel of one pixel.
struct Mix {
    int to, from;
    std::vector<float> rows, offsets;

    Mix(int to, int from)
        : to(to), from(from), rows(std::size_t(to) * from), offsets(std::size_t(to)) {}
    float& at(int row, int column) { return rows[std::size_t(row) * from + column]; }
    bool changesNothing() const {
        for (int i = 0; i < to; ++i)
            for (int j = 0; j < from; ++j)
                if (rows[std::size_t(i) * from + j] != (i == j ? 1 : 0)) return false;
        for (const float offset : offsets)
            if (offset != 0) return false;
        return to == from;
    }
};

/// Rows `first` to `first + count` of a colour matrix.
Mix part(const ColourMatrix& matrix, int first, int count) {
    Mix mix(count, 3);
    for (int i = 0; i < count; ++i) {
        for (int j = 0; j < 3; ++j) mix.at(i, j) = matrix.rows[3 * (first + i) + j];
        mix.offsets[i] = matrix.offsets[first + i];
    }
    return mix;
}

/// A chain of layers whose values are numbered.
class Chain {
  public:
    explicit Chain(std::string prefix) : prefix_(std::move(prefix)) {}

    std::string layer(const std::string& op, const std::vector<std::string>& inputs,
                      const Attributes& attributes = {}) {
        const std::string result = fresh();
        fields_.message(1, nodeProto(op, inputs, {result}, attributes));
        return result;
    }
    std::string conv(const std::string& x, const std::vector<float>& weight,
                     const std::vector<float>& bias, int to, int from, int side) {
        std::vector<std::string> inputs{x, constant({to, from, side, side}, weight)};
        if (!bias.empty()) inputs.push_back(constant({to}, bias));
        return layer("Conv", inputs,
                     {{"kernel_shape", std::vector<std::int64_t>(2, side)},
                      {"pads", std::vector<std::int64_t>(4, side / 2)}});
    }
    std::string mixed(const std::string& x, const Mix& mix) {
        if (mix.changesNothing()) return x;
        return conv(x, mix.rows, mix.offsets, mix.to, mix.from, 1);
    }
    std::string cast(const std::string& x, int to) {
        return layer("Cast", {x}, {{"to", std::int64_t(to)}});
    }
    /// Keys' bicubic of two channels.
    std::string enlarged(const std::string& x, int scale) {
        if (scale == 1) return x;
        const int area = scale * scale;
        const std::vector<float> taps = bicubicTaps(scale);
        // DepthToSpace counts blocks before channels.
        std::vector<float> weight(std::size_t(area) * 2 * 2 * 25);
        for (int block = 0; block < area; ++block)
            for (int c = 0; c < 2; ++c)
                std::copy_n(taps.begin() + block * 25, 25,
                            weight.begin() + ((block * 2 + c) * 2 + c) * 25);
        return layer("DepthToSpace", {conv(x, weight, {}, area * 2, 2, 5)},
                     {{"blocksize", std::int64_t(scale)}});
    }
    std::string end(const std::string& x, const std::string& name) {
        fields_.message(1, nodeProto("Identity", {x}, {name}));
        return fields_.take();
    }

  private:
    std::string fresh() { return prefix_ + std::to_string(++count_); }
    std::string constant(const Shape& shape, const std::vector<float>& values) {
        const std::string name = fresh();
        fields_.message(
            5, tensorProto(name, kFloat, shape,
                           {reinterpret_cast<const char*>(values.data()), values.size() * 4}));
        return name;
    }

    std::string prefix_;
    weights::Message fields_;
    int count_ = 0;
};

}  // namespace

bool Port::plain() const {
    return type == kFloat && channels == 3 && !lastAxis && range == 1 && !bgr &&
           mean == std::array<double, 3>{0, 0, 0} && deviation == std::array<double, 3>{1, 1, 1};
}

Port described(Port port, const Options& options, const std::string& prefix) {
    const auto known = [&](const std::string& name) {
        return options.count(prefix + name) ? prefix + name : name;
    };
    const double usual = port.type == kUint8 ? 255 : 1;
    port.range = real(options, known("range"), usual, 1e-3, 1e5);
    port.mean = three(options, known("mean"), port.mean);
    port.deviation = three(options, known("std"), port.deviation);
    port.bgr = number(options, "bgr", 0, 0, 1) == 1;
    for (const double deviation : port.deviation)
        if (std::abs(deviation) < 1e-6) throw Error(Kind::usage, "a std of 0 has no sense");
    return port;
}

std::string before(const Port& port, Luma luma) {
    Mix mix(port.channels, 3);
    for (int c = 0; c < 3 && c < port.channels; ++c) mix.at(c, port.bgr ? 2 - c : c) = 1;
    if (port.channels == 1) mix = part(toYcc(luma), 0, 1);
    if (port.channels == 4) mix.offsets[3] = 1;  // opaque
    for (int c = 0; c < port.channels; ++c) {
        const double mean = c < 3 ? port.mean[c] : 0, deviation = c < 3 ? port.deviation[c] : 1;
        for (int j = 0; j < 3; ++j) mix.at(c, j) = float(mix.at(c, j) * port.range / deviation);
        mix.offsets[c] = float((mix.offsets[c] * port.range - mean) / deviation);
        if (port.type == kUint8) mix.offsets[c] += 0.5f;  // Cast cuts off
    }
    Chain chain("acuity/before");
    std::string x = chain.mixed(kInput, mix);
    if (port.type != kFloat) x = chain.cast(x, port.type);
    if (port.lastAxis)
        x = chain.layer("Transpose", {x}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
    return chain.end(x, port.name);
}

std::string after(const Port& port, Luma luma, int scale) {
    Chain chain("acuity/after");
    std::string x = port.name;
    if (port.lastAxis)
        x = chain.layer("Transpose", {x}, {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
    if (port.type != kFloat) x = chain.cast(x, kFloat);
    const int kept = std::min(port.channels, 3);  // alpha is dropped
    Mix mix(kept, port.channels);
    for (int c = 0; c < kept; ++c) {
        const int from = port.bgr && kept == 3 ? 2 - c : c;
        mix.at(c, from) = float(port.deviation[from] / port.range);
        mix.offsets[c] = float(port.mean[from] / port.range);
    }
    x = chain.mixed(x, mix);
    if (port.channels == 1) {
        // Colours about zero: what enlarging finds beyond the border is grey.
        ColourMatrix there = toYcc(luma), back = fromYcc(luma);
        for (int i = 0; i < 3; ++i)
            back.offsets[i] +=
                back.rows[3 * i + 1] * there.offsets[1] + back.rows[3 * i + 2] * there.offsets[2];
        there.offsets[1] = there.offsets[2] = 0;
        const std::string colour = chain.mixed(kInput, part(there, 1, 2));
        x = chain.layer("Concat", {x, chain.enlarged(colour, scale)}, {{"axis", std::int64_t(1)}});
        x = chain.mixed(x, part(back, 0, 3));
    }
    return chain.end(x, kOutput);
}

}  // namespace acuity::architectures::onnx
