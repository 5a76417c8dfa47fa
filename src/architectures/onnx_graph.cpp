#include "architectures/onnx_graph.h"

#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "weights/protobuf.h"

namespace acuity::architectures::onnx {

using weights::Fields;

namespace {

constexpr std::size_t kMostNodes = 200'000, kMostEdges = 2'000'000, kMostSides = 16,
                      kMostBytes = 1024;

[[noreturn]] void damaged(const std::string& what) {
    throw Error(Kind::model, "it is damaged: " + what);
}

/// Whole numbers of a repeated field, packed or not.
void append(const Fields& field, Sides& to, std::size_t most) {
    if (field.wire() == 0) {
        if (to.size() < most) to.push_back(field.number64());
        return;
    }
    std::uint64_t value = 0;
    for (std::string_view rest = field.bytes(); to.size() < most && !rest.empty();) {
        if (!Fields::varint(rest, value)) damaged("a list of numbers is cut off");
        to.push_back(static_cast<std::int64_t>(value));
    }
}

void finished(const Fields& fields, const char* what) {
    if (fields.damaged()) damaged(std::string(what) + " is cut off or altered");
}

Node readNode(std::string_view bytes) {
    Node node;
    node.bytes = bytes;
    Fields fields(bytes);
    while (fields.next()) {
        if (fields.wire() != 2) continue;
        if (fields.number() == 1) node.inputs.push_back(fields.bytes());
        if (fields.number() == 2) node.outputs.push_back(fields.bytes());
        if (fields.number() == 4) node.op = fields.bytes();
        if (fields.number() == 7) node.domain = fields.bytes();
    }
    finished(fields, "a layer");
    if (node.domain == "ai.onnx") node.domain = {};
    return node;
}

Declared readDeclared(std::string_view bytes) {
    Declared declared;
    Fields info(bytes);
    while (info.next()) {
        if (info.number() == 1) declared.name = info.text();
        if (info.number() != 2) continue;
        for (Fields type(info.bytes()); type.next();) {
            if (type.number() != 1 || type.wire() != 2) continue;  // tensor_type
            for (Fields tensor(type.bytes()); tensor.next();) {
                if (tensor.number() == 1) declared.type = static_cast<int>(tensor.integer());
                if (tensor.number() != 2) continue;
                declared.shaped = true;
                for (Fields shape(tensor.bytes()); shape.next();) {
                    if (shape.number() != 1 || declared.shape.size() > kMostSides) continue;
                    declared.shape.push_back(-1);
                    for (Fields side(shape.bytes()); side.next();)
                        if (side.number() == 1 && side.wire() == 0 && side.number64() > 0)
                            declared.shape.back() = side.number64();
                }
            }
        }
    }
    finished(info, "an input or output");
    return declared;
}

std::string_view tensorName(std::string_view tensor) {
    std::string_view name;
    Fields fields(tensor);
    while (fields.next())
        if (fields.number() == 8) name = fields.bytes();
    finished(fields, "a weight");
    return name;
}

void readGraph(std::string_view bytes, File& file, std::size_t& edges) {
    std::string_view before = bytes;
    Fields fields(bytes);
    for (; fields.next(); before = fields.rest()) {
        const auto number = fields.number();
        if (file.nodes.size() > kMostNodes || ++edges > kMostEdges)
            throw Error(Kind::model, "it has more layers than any upscaler");
        if (number == 1) {
            file.nodes.push_back(readNode(fields.bytes()));
            edges += file.nodes.back().inputs.size() + file.nodes.back().outputs.size();
        } else if (number == 5) {
            file.initializers.push_back(fields.bytes());
            file.constants[tensorName(fields.bytes())] = fields.bytes();
        } else if (number == 11 || number == 12) {
            auto& list = number == 11 ? file.inputs : file.outputs;
            list.push_back(readDeclared(fields.bytes()));
        } else if (number != 13) {  // value_info: only hints, which may no longer hold
            file.otherGraph.push_back(before.substr(0, before.size() - fields.rest().size()));
        }
    }
    finished(fields, "the network");
}

/// Whether a node is a loop or holds one: how often it turns is known to nobody, and may be for
/// ever.
bool turns(std::string_view node, int depth) {
    constexpr int kMostDepth = 32, kOp = 4, kAttribute = 5, kGraph = 6, kGraphs = 11;
    if (depth > kMostDepth) return false;  // that deep nothing is read at all
    for (Fields fields(node); fields.next();) {
        if (fields.number() == kOp && (fields.bytes() == "Loop" || fields.bytes() == "Scan"))
            return true;
        if (fields.number() != kAttribute) continue;
        for (Fields attribute(fields.bytes()); attribute.next();) {
            if (attribute.number() != kGraph && attribute.number() != kGraphs) continue;
            for (Fields graph(attribute.bytes()); graph.next();)
                if (graph.number() == 1 && turns(graph.bytes(), depth + 1)) return true;
        }
    }
    return false;
}

void refuseLoops(std::string_view node) {
    if (turns(node, 0))
        throw Error(Kind::model, "it has loops, which Acuity does not run; export it by tracing");
}

/// Every value is there before it is used, and made once: no cycles.
void checkOrder(const File& file) {
    std::unordered_set<std::string_view> known;
    for (const auto& [name, tensor] : file.constants) known.insert(name);
    for (const Declared& input : file.inputs) known.insert(input.name);
    const auto require = [&](std::string_view name) {
        if (!name.empty() && !known.count(name))
            damaged("a layer uses " + inQuotes(std::string(name.substr(0, 80))) +
                    ", which no layer before it makes");
    };
    for (const Node& node : file.nodes) {
        refuseLoops(node.bytes);
        for (const auto name : node.inputs) require(name);
        for (const auto name : node.outputs)
            if (!name.empty() && !known.insert(name).second)
                damaged("two layers make " + inQuotes(std::string(name.substr(0, 80))));
    }
    for (const Declared& output : file.outputs) require(output.name);
}

}  // namespace

File read(std::string_view bytes) {
    File file;
    std::size_t edges = 0;
    Fields fields(bytes);
    while (fields.next()) {
        if (fields.number() == 1 && fields.wire() == 0)
            file.version = static_cast<int>(fields.integer() & 0xffff);
        if (fields.number() == 7 && fields.wire() == 2) readGraph(fields.bytes(), file, edges);
        if (fields.number() == 8) {
            std::string_view domain;
            std::int64_t version = 0;
            for (Fields set(fields.bytes()); set.next();) {
                if (set.number() == 1) domain = set.bytes();
                if (set.number() == 2) version = set.number64();
            }
            if (domain.empty() || domain == "ai.onnx") file.opset = version;
        }
        if (fields.number() == 25)
            for (Fields function(fields.bytes()); function.next();) {
                if (function.number() == 7) refuseLoops(function.bytes());
                if (function.number() == 10) file.functionDomains.insert(function.bytes());
            }
    }
    finished(fields, "the file");
    std::vector<Declared> real;  // files of old list every weight as an input, too
    for (Declared& input : file.inputs)
        if (!file.constants.count(input.name)) real.push_back(std::move(input));
    file.inputs = std::move(real);
    for (const std::string_view field : file.otherGraph) {
        Fields whole(field);
        if (!whole.next() || whole.number() != 15) continue;  // sparse initialisers have names, too
        for (Fields parts(whole.bytes()); parts.next();)
            if (parts.number() == 1) file.constants.emplace(tensorName(parts.bytes()), "");
    }
    if (file.nodes.empty()) throw Error(Kind::model, "it holds no layers");
    checkOrder(file);
    for (const Node& node : file.nodes)
        if (node.op == "Constant" && node.domain.empty() && node.outputs.size() == 1)
            for (Fields value(node.attribute("value")); value.next();)
                if (value.number() == 5) file.constants[node.outputs[0]] = value.bytes();
    return file;
}

std::string_view Node::attribute(std::string_view name) const {
    for (Fields fields(bytes); fields.next();) {
        if (fields.number() != 5 || fields.wire() != 2) continue;
        for (Fields attribute(fields.bytes()); attribute.next();)
            if (attribute.number() == 1 && attribute.bytes() == name) return fields.bytes();
    }
    return {};
}

Sides Node::integers(std::string_view name) const {
    Sides all;
    for (Fields fields(attribute(name)); fields.next();)
        if (fields.number() == 3 || fields.number() == 8) append(fields, all, kMostSides);
    return all;
}

std::int64_t Node::integer(std::string_view name, std::int64_t otherwise) const {
    const Sides all = integers(name);
    return all.empty() ? otherwise : all.front();
}

int typeOf(std::string_view tensor) {
    int type = 0, read = 0;
    for (Fields fields(tensor); fields.next() && ++read < 64;)
        if (fields.number() == 2) type = static_cast<int>(fields.integer());
    return type;
}

Sides sides(std::string_view tensor) {
    Sides all;
    int read = 0;  // whoever asks often must not pay for a long message each time
    for (Fields fields(tensor); fields.next() && ++read < 64;)
        if (fields.number() == 1) append(fields, all, kMostSides);
    return all;
}

std::vector<double> values(std::string_view tensor) {
    if (tensor.size() > kMostBytes) return {};
    std::uint64_t type = 0;
    Sides integers;
    std::string_view raw, reals;
    std::vector<double> all;
    for (Fields fields(tensor); fields.next();) {
        if (fields.number() == 2) type = fields.integer();
        if (fields.number() == 7 || fields.number() == 5) append(fields, integers, kMostBytes);
        if (fields.number() == 9) raw = fields.bytes();
        if (fields.number() == 4 && fields.wire() == 2) reals = fields.bytes();
        if (fields.number() == 4 && fields.wire() == 5) all.push_back(fields.real());
    }
    const auto each = [&](std::string_view from, auto example) {
        for (std::size_t i = 0; i + sizeof example <= from.size(); i += sizeof example) {
            std::memcpy(&example, from.data() + i, sizeof example);
            all.push_back(static_cast<double>(example));
        }
    };
    if (type == kFloat) each(raw.empty() ? reals : raw, float{});
    if (type == kInt64) each(raw, std::int64_t{});
    if (type == kInt32) each(raw, std::int32_t{});
    if (type == kInt64 || type == kInt32)
        for (const std::int64_t value : integers) all.push_back(static_cast<double>(value));
    return all;
}

}  // namespace acuity::architectures::onnx
