#include "architectures/onnx_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "architectures/families.h"
#include "architectures/onnx_adapt.h"
#include "architectures/onnx_external.h"
#include "architectures/onnx_graph.h"
#include "architectures/onnx_layers.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

using namespace onnx;
using weights::Fields;
using weights::Message;

namespace {

constexpr std::uint64_t kMostBytes = (1ull << 31) - (1 << 20);
constexpr std::int64_t kLargestSide = 4096;

std::string shown(std::string_view name) {
    return inQuotes(std::string(name.substr(0, 60)));
}

std::string listed(const std::vector<Declared>& ports) {
    std::string names;
    for (std::size_t i = 0; i < ports.size() && i < 3; ++i)
        names += (i ? ", " : "") + shown(ports[i].name);
    return names + (ports.size() > 3 ? "..." : "");
}

bool isChannels(std::int64_t side) {
    return side == 1 || side == 3 || side == 4;
}

bool isPicture(const Declared& port) {
    const bool number = port.type == kFloat || port.type == kUint8 || port.type == kHalf ||
                        port.type == kDouble || port.type == kBfloat16;
    return number && (!port.shaped || port.shape.size() == 4);
}

/// Input channels of the convolution that a value goes into, perhaps by way of other layers.
int channelsOfUse(const File& file, std::string_view name) {
    for (const Node& node : file.nodes) {
        if (node.inputs.empty() || node.inputs[0] != name) continue;
        const bool passes = node.op == "Transpose" || node.op == "Cast" || node.op == "Mul" ||
                            node.op == "Div" || node.op == "Sub" || node.op == "Add" ||
                            node.op == "Identity" || node.op == "Pad";
        if (passes && !node.outputs.empty()) name = node.outputs[0];
        const auto weight =
            node.inputs.size() > 1 ? file.constants.find(node.inputs[1]) : file.constants.end();
        if (node.op != "Conv" || weight == file.constants.end()) continue;
        const Sides shape = sides(weight->second);
        if (shape.size() == 4 && isChannels(shape[1]) && node.integer("group", 1) == 1)
            return static_cast<int>(shape[1]);
    }
    return 3;
}

/// Where a declared picture's channels are and how many.
Port portOf(const Declared& declared, bool lastAxis, int channels, const char* what) {
    Port port;
    port.name = declared.name;
    port.type = declared.type;
    port.lastAxis = lastAxis;
    port.channels = channels;
    if (!declared.shaped) return port;
    const Sides& s = declared.shape;
    if (isChannels(s[1]))
        port.lastAxis = false;
    else if (isChannels(s[3]))
        port.lastAxis = true;
    const std::int64_t side = s[port.lastAxis ? 3 : 1];
    if (side > 0 && !isChannels(side))
        throw Error(Kind::model, std::string("its ") + what + " " + shown(declared.name) + " has " +
                                     std::to_string(side) +
                                     " channels where a picture has 1, 3 or 4; it is no upscaler");
    if (side > 0) port.channels = static_cast<int>(side);
    return port;
}

/// What is run of a file, and how it is fed.
struct Plan {
    File file;
    std::vector<Shuffle> shuffles;
    std::optional<Inner> inner;
    Port in, out;
    int height = 0, width = 0;  // declared
    bool declared = true;       // whether inputs and outputs stand in the file as they must
    std::string constants;      // further inputs, as fields of GraphProto
};

/// The values of an option as an initialiser in place of an input.
std::string constantInput(const Declared& input, const std::string& text) {
    const auto odd = [&](const std::string& what) {
        return Error(Kind::usage, "--model-option " + input.name + ": " + what);
    };
    Shape shape;
    std::uint64_t count = 1;
    for (const std::int64_t side : input.shape) {
        if (side > 64 || (side < 0 && input.shape.size() > 2))
            throw Error(Kind::model, "its input " + shown(input.name) +
                                         " is too large to be given as a constant");
        shape.push_back(std::max<std::int64_t>(side, 1));
        count *= static_cast<std::uint64_t>(shape.back());
        if (count > 4096) throw odd("this input takes too many numbers");
    }
    std::vector<double> given;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        given.push_back(
            real({{input.name, text.substr(start, end - start)}}, input.name, 0, -1e9, 1e9));
        start = end + 1;
    }
    if (given.size() != 1 && given.size() != count)
        throw odd("this input takes " + std::to_string(count) + " numbers");
    std::string bytes;
    const auto put = [&](auto value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    for (std::uint64_t i = 0; i < count; ++i) {
        const double value = given[given.size() == 1 ? 0 : i];
        if (input.type == kFloat)
            put(static_cast<float>(value));
        else if (input.type == kDouble)
            put(value);
        else if (input.type == kHalf)
            put(weights::toHalf(static_cast<float>(value)));
        else if (input.type == kInt64)
            put(static_cast<std::int64_t>(value));
        else if (input.type == kInt32)
            put(static_cast<std::int32_t>(value));
        else if (input.type == kBoolean)
            put(static_cast<char>(value != 0));
        else
            throw odd("this input holds no numbers");
    }
    return Message().message(5, tensorProto(input.name, input.type, shape, bytes)).str();
}

const Declared& chosenInput(const Plan& plan) {
    const auto& inputs = plan.file.inputs;
    if (inputs.empty()) throw Error(Kind::model, "it has no input; it is no upscaler");
    const auto found = std::find_if(inputs.begin(), inputs.end(), isPicture);
    if (found == inputs.end())
        throw Error(Kind::model,
                    "none of its inputs (" + listed(inputs) + ") is a picture; it is no upscaler");
    return *found;
}

const Declared& chosenOutput(const Plan& plan, const Options& options) {
    const auto& outputs = plan.file.outputs;
    if (const auto wish = options.find("output"); wish != options.end()) {
        for (const Declared& output : outputs)
            if (output.name == wish->second) return output;
        throw Error(Kind::usage, "--model-option output: the model has no output " +
                                     inQuotes(wish->second) + " but " + listed(outputs));
    }
    if (outputs.size() != 1)
        throw Error(Kind::model, "it has " + std::to_string(outputs.size()) + " outputs (" +
                                     listed(outputs) +
                                     ") where an upscaler has one picture; if one of them is, name "
                                     "it with --model-option output=NAME");
    if (!isPicture(outputs[0]))
        throw Error(Kind::model,
                    "its output " + shown(outputs[0].name) + " is no picture; it is no upscaler");
    return outputs[0];
}

void planWhole(Plan& plan, const Options& options) {
    const Declared& output = chosenOutput(plan, options);
    const Declared& input = chosenInput(plan);
    for (const Declared& other : plan.file.inputs) {
        if (&other == &input) continue;
        const auto value = options.find(other.name);
        if (value == options.end())
            throw Error(Kind::model, "it needs a further input " + shown(other.name) +
                                         "; give its value with --model-option " + other.name +
                                         "=VALUE");
        plan.constants += constantInput(other, value->second);
    }
    bool lastAxis = false;
    if (input.shaped && !isChannels(input.shape[1])) lastAxis = isChannels(input.shape[3]);
    plan.in = portOf(input, lastAxis, 3, "input");
    const Sides s = input.shaped ? input.shape : Sides{-1, -1, -1, -1};
    if (s[plan.in.lastAxis ? 3 : 1] < 0) plan.in.channels = channelsOfUse(plan.file, input.name);
    plan.out = portOf(output, plan.in.lastAxis, plan.in.channels, "output");
    const std::int64_t height = s[plan.in.lastAxis ? 1 : 2], width = s[plan.in.lastAxis ? 2 : 3];
    if (height > kLargestSide || width > kLargestSide)
        throw Error(
            Kind::model,
            "its input is declared larger than 4096 pixels a side, more than a tile may have");
    if (height > 0 && width > 0) {
        plan.height = static_cast<int>(height);
        plan.width = static_cast<int>(width);
    }
    plan.declared = s[0] <= 1 && s[1] == 3 && height < 0 && width < 0 && plan.constants.empty() &&
                    plan.file.outputs.size() == 1;
}

void planInner(Plan& plan, const Node& stranger) {
    plan.inner = findInner(plan.file, plan.shuffles);
    if (!plan.inner || plan.inner->output.empty() ||
        (plan.inner->type != kFloat && plan.inner->type != kHalf))
        throw Error(Kind::model, "it uses the operator " + shown(stranger.op) + " of " +
                                     shown(stranger.domain) +
                                     ", which is not known here, and holds no network that runs "
                                     "without it");
    plan.in.name = plan.inner->input;
    plan.out.name = plan.inner->output;
    plan.in.type = plan.out.type = plan.inner->type;
    plan.in.channels = plan.out.channels = plan.inner->channels;
    plan.declared = false;
}

/// The factor as the layers, the declared sizes, the options or the name tell it; 0: not at all.
int knownScale(const Plan& plan, const Options& options, const std::string& fileName) {
    if (options.count("scale")) return number(options, "scale", 0, 1, 16);
    if (const auto scale = scaleBetween(plan.file, plan.shuffles, plan.in.name, plan.out.name))
        if (*scale >= 1 && *scale <= 16 && *scale == std::floor(*scale))
            return static_cast<int>(*scale);
    for (const Declared& output : plan.file.outputs) {
        if (output.name != plan.out.name || output.shape.size() != 4 || plan.height == 0) continue;
        const std::int64_t height = output.shape[plan.out.lastAxis ? 1 : 2];
        if (height >= plan.height && height % plan.height == 0 && height / plan.height <= 16)
            return static_cast<int>(height / plan.height);
    }
    return scaleInName(fileName).value_or(0);
}

/// The file's own layers, those that replace some of them, and its constants.
std::string body(const Plan& plan) {
    const File& file = plan.file;
    std::vector<bool> dropped(file.nodes.size());
    std::vector<std::string> instead(file.nodes.size());
    int number = 0;
    for (const Shuffle& shuffle : plan.shuffles) {
        dropped[shuffle.reshape] = dropped[shuffle.transpose] = dropped[shuffle.last] = true;
        instead[shuffle.last] = written(shuffle, file, ++number);
    }
    std::string fields;
    std::unordered_set<std::string_view> used;
    for (std::size_t i = 0; i < file.nodes.size(); ++i) {
        if (plan.inner && !plan.inner->kept[i]) continue;
        used.insert(file.nodes[i].inputs.begin(), file.nodes[i].inputs.end());
        fields += dropped[i] ? instead[i] : Message().bytes(1, file.nodes[i].bytes).str();
    }
    for (const std::string_view tensor : file.initializers) {
        if (plan.inner) {
            std::string_view name;
            for (Fields parts(tensor); parts.next();)
                if (parts.number() == 8) name = parts.bytes();
            if (!used.count(name)) continue;
        }
        fields += Message().bytes(5, tensor).str();
    }
    for (const std::string_view field : file.otherGraph) fields += field;
    return fields;
}

/// Fields of ModelProto apart from the graph and the version.
std::string around(std::string_view bytes, const Plan& plan) {
    std::string result;
    std::string_view before = bytes;
    for (Fields fields(bytes); fields.next(); before = fields.rest()) {
        if (fields.number() == 1 || fields.number() == 7 || fields.number() == 20) continue;
        if (fields.number() == 8 && plan.inner) {  // the wrapper's operators are gone
            std::string_view domain;
            for (Fields set(fields.bytes()); set.next();)
                if (set.number() == 1) domain = set.bytes();
            Node asked;
            asked.domain = domain == "ai.onnx" ? "" : domain;
            if (!isKnown(asked, plan.file)) continue;
        }
        result += before.substr(0, before.size() - fields.rest().size());
    }
    return result;
}

std::string assembled(std::string_view bytes, const Plan& plan, Luma luma, int scale) {
    // From version 4 on, constants need not be inputs as well.
    const std::uint64_t version = std::max(plan.file.version, 4);
    std::string graph =
        before(plan.in, luma) + plan.constants + body(plan) + after(plan.out, luma, scale) +
        Message().message(11, valueInfo(kInput, 3)).message(12, valueInfo(kOutput, 3)).str();
    if (graph.size() > kMostBytes) throw Error(Kind::model, "it holds more than 2 GB");
    return Message().integer(1, version).str() + around(bytes, plan) +
           Message().bytes(7, graph).str();
}

std::string details(const Plan& plan) {
    std::string text = plan.in.channels == 1 ? "brightness only" : "";
    const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
    if (plan.in.channels == 4) add("with alpha");
    if (plan.in.type == kHalf) add("half precision");
    if (plan.in.type == kUint8) add("8-bit samples");
    if (plan.in.lastAxis) add("channels last");
    if (plan.inner) add("cut out of a wrapper");
    if (plan.height > 0)
        add("declared for " + std::to_string(plan.width) + "x" + std::to_string(plan.height));
    return text;
}

}  // namespace

bool isOnnx(std::string_view bytes) {
    bool version = false;
    Fields fields(bytes);
    for (bool whole = true; whole;) {
        whole = fields.next();
        if (!whole && !fields.damaged()) break;
        const auto number = fields.number();
        if (number == 7 && fields.wire() == 2) return version;
        if (number == 0 || number > 26) return false;
        if (number == 1) {
            if (fields.wire() != 0 || fields.integer() > 1000) return false;
            version = true;
        }
    }
    return false;
}

Network normalise(std::string_view bytes, const std::string& folder, const Options& options,
                  const std::string& fileName) {
    std::string whole;
    if (hasExternalData(bytes)) {
        whole = withExternalData(bytes, folder);
        bytes = whole;
    }
    Plan plan;
    plan.file = read(bytes);
    plan.shuffles = findShuffles(plan.file);
    const auto stranger = std::find_if(plan.file.nodes.begin(), plan.file.nodes.end(),
                                       [&](const Node& node) { return !isKnown(node, plan.file); });
    if (stranger == plan.file.nodes.end())
        planWhole(plan, options);
    else
        planInner(plan, *stranger);
    plan.in = described(plan.in, options, "");
    plan.out = described(plan.out, options, "out");
    if ((plan.in.channels == 1) != (plan.out.channels == 1))
        throw Error(Kind::model, "it makes " + std::to_string(plan.out.channels) + " channels of " +
                                     std::to_string(plan.in.channels) + "; it is no upscaler");
    if (plan.file.opset > 0 && plan.file.opset < 6 &&
        (plan.in.type != kFloat || plan.out.type != kFloat))
        throw Error(Kind::model, "it is of a version of ONNX too old for its type of values");

    Network network;
    network.family = "ONNX";
    network.details = details(plan);
    network.scale = knownScale(plan, options, fileName);
    network.fixedHeight = plan.height;
    network.fixedWidth = plan.width;
    if (plan.in.channels == 1 && network.scale == 0)
        throw Error(Kind::model,
                    "it enlarges brightness by a factor that does not show; give it "
                    "with --model-option scale=N");
    const bool asItIs =
        plan.declared && plan.in.plain() && plan.out.plain() && plan.shuffles.empty();
    const auto wish = options.find("luma");
    if (wish != options.end() && wish->second != "full" && wish->second != "studio")
        throw Error(Kind::usage,
                    "--model-option luma takes full or studio, not " + inQuotes(wish->second));
    const Luma luma = wish != options.end() && wish->second == "studio" ? Luma::studio : Luma::full;
    if (!asItIs)
        network.onnx = assembled(bytes, plan, luma, network.scale);
    else
        network.onnx = whole.empty() ? std::string(bytes) : std::move(whole);
    return network;
}

}  // namespace acuity::architectures
