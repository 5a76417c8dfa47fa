#include "weights/tensorflow.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "weights/protobuf.h"

namespace acuity::weights {

namespace {

constexpr std::size_t kMostNodes = 20'000, kMostEntries = 4096;
// A tensor may be written as one value that repeats; all such together get this much room.
constexpr std::uint64_t kMostRepeated = 64ull << 20;

[[noreturn]] void damaged() {
    throw Error(Kind::model, "it is a TensorFlow graph that is damaged or cut off");
}

/// Calls `each` with every field of a message.
template <class Each>
void walk(std::string_view bytes, Each each) {
    Fields fields(bytes);
    while (fields.next()) each(fields);
    if (fields.damaged()) damaged();
}

/// Adds a repeated varint field, packed or not.
void append(std::vector<std::int64_t>& values, const Fields& field) {
    if (field.wire() != 2) {
        values.push_back(field.number64());
        return;
    }
    std::string_view rest = field.bytes();
    std::uint64_t value = 0;
    while (!rest.empty()) {
        if (!Fields::varint(rest, value)) damaged();
        values.push_back(static_cast<std::int64_t>(value));
    }
}

Shape readShape(std::string_view bytes) {
    Shape shape;
    walk(bytes, [&](const Fields& field) {
        if (field.number() != 2 || field.wire() != 2) return;
        std::int64_t side = 0;
        walk(field.bytes(), [&](const Fields& inner) {
            if (inner.number() == 1) side = inner.number64();
        });
        shape.push_back(side);
        if (shape.size() > 8) throw Error(Kind::model, "a tensor has more than 8 axes");
    });
    return shape;
}

// Enumerators of DataType, and the number of TensorProto's field that lists values of it.
struct Kinds {
    std::uint64_t number;
    Type type;
    std::uint64_t field;
};
constexpr Kinds kKinds[] = {{1, Type::f32, 5},  {2, Type::f64, 6},       {3, Type::i32, 7},
                            {9, Type::i64, 10}, {10, Type::boolean, 11}, {19, Type::f16, 13}};

/// The listed values as bytes of the tensor's type.
void appendValues(std::string& bytes, const Fields& field, Type type) {
    if (type == Type::f32 || type == Type::f64) {
        const int wire = type == Type::f32 ? 5 : 1;
        if (field.wire() != 2 && field.wire() != wire) damaged();
        bytes += field.bytes();
        return;
    }
    std::vector<std::int64_t> values;
    append(values, field);
    for (const std::int64_t value : values)  // little-endian: the low bytes are the value
        bytes.append(reinterpret_cast<const char*>(&value), bytesOf(type));
}

class Reader {
  public:
    TensorflowGraph graph;

    TensorflowNode node(std::string_view bytes) {
        TensorflowNode node;
        walk(bytes, [&](const Fields& field) {
            if (field.number() > 5 || field.wire() != 2) return;
            if (field.number() == 1) node.name = field.text();
            if (field.number() == 2) node.op = field.text();
            if (field.number() == 3) addInput(node, field.text());
            if (field.number() == 5) addAttribute(node, field.bytes());
            if (node.inputs.size() > kMostEntries || node.attributes.size() > kMostEntries)
                damaged();
        });
        return node;
    }

  private:
    static void addInput(TensorflowNode& node, std::string name) {
        if (name.rfind('^', 0) == 0) return;  // says only what must have run before
        if (name.size() > 2 && name.compare(name.size() - 2, 2, ":0") == 0)
            name.resize(name.size() - 2);
        node.inputs.push_back(std::move(name));
    }

    void addAttribute(TensorflowNode& node, std::string_view bytes) {
        std::string name;
        std::string_view value;
        walk(bytes, [&](const Fields& field) {
            if (field.number() == 1) name = field.text();
            if (field.number() == 2) value = field.bytes();
        });
        TensorflowAttribute& attribute = node.attributes[name];
        walk(value, [&](const Fields& field) {
            switch (field.number()) {
                case 1:
                    walk(field.bytes(), [&](const Fields& list) {
                        if (list.number() == 3) append(attribute.integers, list);
                    });
                    break;
                case 2:
                    attribute.text = field.text();
                    break;
                case 3:
                case 5:
                case 6:
                    attribute.integer = field.number64();
                    break;
                case 4:
                    attribute.real = field.real();
                    break;
                case 7:
                    attribute.shape = readShape(field.bytes());
                    break;
                case 8:
                    attribute.tensor = tensor(field.bytes(), node.name);
                    break;
                default:
                    break;
            }
        });
    }

    std::optional<Tensor> tensor(std::string_view bytes, const std::string& node) {
        const Kinds* kind = nullptr;
        Shape shape;
        std::string_view content;
        walk(bytes, [&](const Fields& field) {
            if (field.number() == 1)
                for (const Kinds& known : kKinds)
                    if (known.number == field.integer()) kind = &known;
            if (field.number() == 2) shape = readShape(field.bytes());
            if (field.number() == 4) content = field.bytes();
        });
        // Texts and the like are no weights; whoever needs such a tensor misses it by name.
        if (!kind) return std::nullopt;
        const std::uint64_t size = elements(shape) * bytesOf(kind->type);
        if (!content.empty()) {
            if (content.size() != size) misfit(node);
            return Tensor{kind->type, std::move(shape), content};
        }
        std::string values;
        walk(bytes, [&](const Fields& field) {
            if (field.number() == kind->field) appendValues(values, field, kind->type);
        });
        repeat(values, size, bytesOf(kind->type), node);
        return own(graph.weights, kind->type, std::move(shape), std::move(values));
    }

    /// Fills up with the last value, or with zero where there is none.
    void repeat(std::string& values, std::uint64_t size, std::size_t each,
                const std::string& node) {
        if (values.size() > size || values.size() % each != 0) misfit(node);
        const std::uint64_t missing = size - values.size();
        if (missing > kMostRepeated - repeated_) misfit(node);
        repeated_ += missing;
        const std::string last =
            values.empty() ? std::string(each, '\0') : values.substr(values.size() - each);
        values.reserve(size);
        while (values.size() < size) values += last;
    }

    [[noreturn]] static void misfit(const std::string& node) {
        throw Error(Kind::model,
                    "its tensor " + inQuotes(node) + " claims another size than it has");
    }

    std::uint64_t repeated_ = 0;
};

}  // namespace

bool isTensorflow(std::string_view bytes) {
    std::uint64_t length = 0;
    if (bytes.empty() || bytes.front() != '\x0a') return false;  // field 1, with a length
    bytes.remove_prefix(1);
    if (!Fields::varint(bytes, length)) return false;
    Fields node(bytes.substr(0, length));
    const auto isText = [&](std::uint64_t number) {
        const auto printable = [](unsigned char c) { return c > ' ' && c < 127; };
        return node.next() && node.number() == number && node.wire() == 2 &&
               !node.bytes().empty() &&
               std::all_of(node.bytes().begin(), node.bytes().end(), printable);
    };
    return isText(1) && isText(2);
}

TensorflowGraph parseTensorflow(std::string_view bytes) {
    Reader reader;
    walk(bytes, [&](const Fields& field) {
        if (field.number() != 1 || field.wire() != 2) return;
        if (reader.graph.nodes.size() >= kMostNodes)
            throw Error(Kind::model, "it is a TensorFlow graph of more than 20000 nodes");
        reader.graph.nodes.push_back(reader.node(field.bytes()));
    });
    return std::move(reader.graph);
}

}  // namespace acuity::weights
