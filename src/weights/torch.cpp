#include "weights/torch.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "base/files.h"
#include "weights/strided.h"
#include "weights/torch_file.h"

namespace acuity::weights {
namespace {

using Kind_ = Object::Kind;
using Entries = std::vector<std::pair<std::string_view, const Object*>>;

constexpr int kMostDepth = 64;                   // of dicts in dicts
constexpr std::size_t kMostEntries = 1'000'000;  // looked at in all
constexpr std::size_t kMostTensors = 100'000, kMostName = 512, kMostAxes = 32;
constexpr std::uint64_t kFreeCopies = 64 << 20;  // bytes; see Reader::tensor

bool starts(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

// "" when it is no call, or one of something without a name. Legacy files keep a module's class
// together with its source text.
std::string_view calledName(const Object& value) {
    if (!value.is(Kind_::call)) return "";
    const Object* function = value.function;
    if (function->is(Kind_::persistent) && function->arguments->items.size() > 1 &&
        function->arguments->items[0]->text == "module")
        function = function->arguments->items[1];
    return function->is(Kind_::global) ? function->text : "";
}

// --- tensors

// What makes a tensor, and from what.
struct Making {
    std::string_view function;
    const std::vector<const Object*>* arguments;
};

// The call at the bottom of parameters and subclasses, which only wrap a tensor; nothing when the
// value is no call of a known name's kind.
std::optional<Making> making(const Object& value) {
    static const std::vector<const Object*> kNone;
    const Object* call = &value;
    constexpr int kMostWraps = 8;
    for (int wraps = 0; wraps < kMostWraps; ++wraps) {
        if (calledName(*call).empty() || !call->arguments->is(Kind_::tuple)) return std::nullopt;
        const auto& arguments = call->arguments->items;
        const std::string_view name = calledName(*call);
        const bool parameter = name == "torch._utils._rebuild_parameter" ||
                               name == "torch._utils._rebuild_parameter_with_state" ||
                               name == "torch.nn.parameter.Parameter" ||
                               name == "torch.nn.parameter.Buffer";
        if (name == "torch._tensor._rebuild_from_type_v2" && arguments.size() == 4 &&
            arguments[0]->is(Kind_::global) && arguments[2]->is(Kind_::tuple))
            return Making{arguments[0]->text, &arguments[2]->items};
        if (!parameter) return Making{name, &arguments};
        if (arguments.empty()) return Making{name, &kNone};
        call = arguments[0];
    }
    return std::nullopt;
}

bool makesTensor(std::string_view function) {
    return function == "torch._utils._rebuild_tensor" ||
           function == "torch._utils._rebuild_tensor_v2" ||
           function == "torch._utils._rebuild_tensor_v3";
}

// Quantised, sparse and other tensors that Acuity has no use for, but may not pass over either.
bool makesOtherTensor(std::string_view function) {
    return starts(function, "torch._utils._rebuild") || starts(function, "torch._tensor.") ||
           starts(function, "torch.storage.") || starts(function, "torch.nn.parameter.");
}

bool isTensor(const Object& value) {
    const auto made = making(value);
    return made && (makesTensor(made->function) || makesOtherTensor(made->function));
}

Shape sides(const Object* value) {
    if (value->calls("torch.Size") && value->arguments->items.size() == 1)
        value = value->arguments->items[0];
    if ((!value->is(Kind_::tuple) && !value->is(Kind_::list)) || value->items.size() > kMostAxes)
        damaged("a tensor has no shape");
    Shape shape;
    for (const Object* side : value->items) {
        if (!side->is(Kind_::integer)) damaged("a tensor has a broken shape");
        shape.push_back(side->integer);
    }
    return shape;
}

Type elementType(const Object& dtype) {
    static const std::map<std::string_view, Type> types{{"torch.float64", Type::f64},
                                                        {"torch.float32", Type::f32},
                                                        {"torch.float16", Type::f16},
                                                        {"torch.bfloat16", Type::bf16},
                                                        {"torch.int64", Type::i64},
                                                        {"torch.int32", Type::i32},
                                                        {"torch.int16", Type::i16},
                                                        {"torch.int8", Type::i8},
                                                        {"torch.uint8", Type::u8},
                                                        {"torch.bool", Type::boolean},
                                                        {"torch.float8_e4m3fn", Type::f8e4m3},
                                                        {"torch.float8_e5m2", Type::f8e5m2}};
    if (!dtype.is(Kind_::global)) damaged("a tensor has no type");
    const auto found = types.find(dtype.text);
    if (found != types.end()) return found->second;
    throw Error(Kind::model, "it holds weights of the type " + inQuotes(std::string(dtype.text)) +
                                 ", which Acuity does not read");
}

// --- dictionaries

// The keys and values, in turn, of what is like a dictionary; null for other objects.
const std::vector<const Object*>* itemsOf(const Object& value, bool script) {
    const std::string_view name = calledName(value);
    if (name == "argparse.Namespace" || (script && starts(name, "__torch__.")))
        return value.state && value.state->is(Kind_::dict) ? &value.state->items : nullptr;
    const bool dict = value.is(Kind_::dict) || name == "collections.OrderedDict" ||
                      name == "collections.defaultdict" || name == "builtins.dict" ||
                      name == "__builtin__.dict";
    return dict ? &value.items : nullptr;
}

// Python 2 gives an OrderedDict its items as a list of pairs.
const std::vector<const Object*>& pairsOf(const Object& value) {
    static const std::vector<const Object*> kNone;
    const bool given = value.calls("collections.OrderedDict") && value.arguments->items.size() == 1;
    return given ? value.arguments->items[0]->items : kNone;
}

const Object* find(const Entries& entries, std::string_view name) {
    for (const auto& [key, value] : entries)
        if (key == name) return value;
    return nullptr;
}

class Reader {
  public:
    explicit Reader(TorchFile& file, Weights& weights, std::uint64_t fileSize)
        : file_(file), weights_(weights), copies_(kFreeCopies + 4 * fileSize) {}

    void read() {
        const Object& chosen = unwrapped(file_.top());
        flatten(chosen, "", 0);
        if (weights_.tensors.empty()) refuse(chosen);
    }

  private:
    [[noreturn]] static void beyondReason() {
        throw Error(Kind::model, "it holds or refers to more than networks do");
    }

    // Names and values of what is like a dictionary, by name: a later value of a name replaces an
    // earlier one, keys that are no text are passed over. Nothing for other objects.
    std::optional<Entries> entries(const Object& value) {
        const auto* items = itemsOf(value, file_.isScript());
        if (!items) return std::nullopt;
        const auto& pairs = pairsOf(value);
        looked_ += items->size() + pairs.size() + 1;
        if (looked_ > kMostEntries) beyondReason();
        Entries all;
        const auto add = [&](const Object* key, const Object* entry) {
            if (key->is(Kind_::text)) all.emplace_back(key->text, entry);
        };
        for (const Object* pair : pairs)
            if (pair->items.size() == 2) add(pair->items[0], pair->items[1]);
        for (std::size_t i = 0; i + 1 < items->size(); i += 2) add((*items)[i], (*items)[i + 1]);
        std::stable_sort(all.begin(), all.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        Entries unique;
        for (const auto& entry : all) {
            if (!unique.empty() && unique.back().first == entry.first) unique.pop_back();
            unique.push_back(entry);
        }
        return unique;
    }

    bool holdsTensors(const Object& value, std::unordered_set<const Object*>& seen, int depth = 0) {
        if (isTensor(value)) return true;
        if (depth > kMostDepth || !seen.insert(&value).second) return false;
        const auto inside = entries(value);
        return inside && std::any_of(inside->begin(), inside->end(), [&](const auto& entry) {
                   return holdsTensors(*entry.second, seen, depth + 1);
               });
    }

    bool isStateDict(const Object* value) {
        std::unordered_set<const Object*> seen;
        return value && !isTensor(*value) && holdsTensors(*value, seen);
    }

    const Object& unwrapped(const Object& top) {
        static const std::string_view kWrappers[] = {
            "model_state_dict", "state_dict", "params_ema", "params-ema", "g_ema", "ema",
            "params",           "generator",  "netG",       "net_g",      "model", "net"};
        const Object* value = &top;
        for (int depth = 0; depth < kMostDepth; ++depth) {
            const Object* next = nullptr;
            const auto inside = entries(*value);
            if (!inside) {
                next = theOnlyOfList(*value);
                if (!next) break;
                value = next;
                continue;
            }
            for (const std::string_view name : kWrappers) {
                if (!next && isStateDict(find(*inside, name))) next = find(*inside, name);
            }
            if (!next) next = theOnlyStateDict(*inside);
            if (!next) break;
            value = next;
        }
        return *value;
    }

    // Null for what is no list, and where it holds none or several.
    const Object* theOnlyOfList(const Object& list) {
        if (!list.is(Kind_::list) && !list.is(Kind_::tuple)) return nullptr;
        looked_ += list.items.size();
        if (looked_ > kMostEntries) beyondReason();
        const Object* only = nullptr;
        for (const Object* value : list.items) {
            if (!isStateDict(value)) continue;
            if (only) return nullptr;
            only = value;
        }
        return only;
    }

    // Of entries none of which is a tensor; null when there are none or several.
    const Object* theOnlyStateDict(const Entries& entries) {
        const Object* only = nullptr;
        for (const auto& [name, value] : entries) {
            if (isTensor(*value)) return nullptr;
            if (!isStateDict(value)) continue;
            if (only) return nullptr;
            only = value;
        }
        return only;
    }

    void flatten(const Object& value, const std::string& prefix, int depth) {
        const auto inside = entries(value);
        if (!inside) return;
        if (depth > kMostDepth) damaged("its dictionaries are nested in a circle");
        for (const auto& [key, entry] : *inside) {
            if (prefix.size() + key.size() > kMostName) damaged("a tensor has an endless name");
            const std::string name = prefix + std::string(key);
            if (isTensor(*entry)) {
                if (weights_.tensors.size() >= kMostTensors) beyondReason();
                if (!weights_.tensors.emplace(name, tensor(name, *making(*entry))).second)
                    damaged("it has two tensors " + inQuotes(name));
            } else if (starts(calledName(*entry), "__torch__.torch.classes.")) {
                throw Error(Kind::model, "it is a TorchScript archive whose weights " +
                                             inQuotes(name) + " are packed as " +
                                             inQuotes(std::string(calledName(*entry))) +
                                             "; save the model's state_dict() instead");
            } else {
                flatten(*entry, name + ".", depth + 1);
            }
        }
    }

    Tensor tensor(const std::string& name, const Making& made) {
        // Storage, offset, shape, steps; v2 adds whether it needs gradients, hooks and metadata,
        // and v3 has the type before them.
        constexpr std::size_t kLeast = 4, kType = 6, kMetadata = 6;
        const auto& arguments = *made.arguments;
        if (!makesTensor(made.function))
            throw Error(Kind::model, "its tensor " + inQuotes(name) + " is made by " +
                                         inQuotes(std::string(made.function)) +
                                         ", which Acuity does not read");
        if (arguments.size() < kLeast) damaged("the tensor " + inQuotes(name) + " is incomplete");
        if (!arguments[0]->is(Kind_::persistent)) {
            const std::string what(calledName(*arguments[0]));
            throw Error(Kind::model, "the storage of its tensor " + inQuotes(name) +
                                         " is made by " + inQuotes(what) +
                                         ", which Acuity does not read");
        }
        if (made.function == "torch._utils._rebuild_tensor_v2" && arguments.size() > kMetadata)
            refuseViews(name, *arguments[kMetadata]);
        const StorageName storage = storageName(*arguments[0]);
        Strided window;
        if (made.function == "torch._utils._rebuild_tensor_v3" && arguments.size() > kType)
            window.type = elementType(*arguments[kType]);
        else
            window.type = storage.type.value_or(Type::u8);
        if (!arguments[1]->is(Kind_::integer))
            damaged("the tensor " + inQuotes(name) + " is broken");
        window.offset = arguments[1]->integer;
        window.shape = sides(arguments[2]);
        window.steps = sides(arguments[3]);
        return contiguous(weights_, file_.storage(storage), window, file_.isBigEndian(), copies_);
    }

    // What is stored may be a view that negates when it is read.
    void refuseViews(const std::string& name, const Object& metadata) {
        const auto inside = entries(metadata);
        if (!inside) return;
        for (const char* view : {"neg", "conj"})
            if (const Object* value = find(*inside, view); value && !value->is(Kind_::none))
                throw Error(Kind::model, "its tensor " + inQuotes(name) +
                                             " is a negated view; save a copy of it, made with "
                                             "resolve_neg()");
    }

    // There are no tensors: says what there is.
    [[noreturn]] void refuse(const Object& chosen) {
        if (isTensor(chosen)) throw Error(Kind::model, "it holds a single tensor without a name");
        const Object* object = &chosen;
        if (const auto inside = entries(chosen))
            for (const auto& [name, value] : *inside)
                if (!calledName(*value).empty() && !entries(*value) &&
                    (!object->is(Kind_::call) || value->state || name == "model"))
                    object = value;
        const std::string name(calledName(*object));
        if (file_.isScript())
            throw Error(
                Kind::model,
                "it is a TorchScript archive without plain weights (they may be frozen into "
                "its code); save the model's state_dict() instead");
        if (name.empty() || entries(*object)) throw Error(Kind::model, "it holds no weights");
        throw Error(Kind::model,
                    "it is not a state dict but holds a Python object of the class " +
                        inQuotes(name) +
                        ", which could only be read by running its author's code; where that code "
                        "is at hand, load it in PyTorch and save the weights alone with "
                        "torch.save(model.state_dict(), 'weights.pth')");
    }

    TorchFile& file_;
    Weights& weights_;
    std::uint64_t copies_;  // bytes that copies of views may yet take
    std::size_t looked_ = 0;
};

}  // namespace

Weights parseTorch(std::string_view bytes) {
    Weights weights;
    auto file = std::make_shared<TorchFile>(bytes);
    Reader(*file, weights, bytes.size()).read();
    file->dropObjects();
    weights.owners.push_back(file);
    return weights;
}

}  // namespace acuity::weights
