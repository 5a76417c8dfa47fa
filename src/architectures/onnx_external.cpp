#include "architectures/onnx_external.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "weights/mapped.h"
#include "weights/protobuf.h"

namespace acuity::architectures::onnx {

using weights::Fields;
using weights::Message;
namespace fs = std::filesystem;

namespace {

enum class Part { model, graph, node, attribute, sparse, function, tensor, other };

constexpr int kDeepest = 32;  // graphs within attributes of layers of graphs
constexpr std::uint64_t kMostBytes = (1ull << 31) - (1 << 20);
constexpr int kRawData = 9, kExternalData = 13, kDataLocation = 14;

/// What the messages are in which a tensor may lie.
Part kindOf(Part parent, std::uint64_t field) {
    switch (parent) {
        case Part::model:
            return field == 7 ? Part::graph : field == 25 ? Part::function : Part::other;
        case Part::function:
            return field == 7 ? Part::node : field == 11 ? Part::attribute : Part::other;
        case Part::graph:
            if (field == 1) return Part::node;
            return field == 5 ? Part::tensor : field == 15 ? Part::sparse : Part::other;
        case Part::node:
            return field == 5 ? Part::attribute : Part::other;
        case Part::attribute:
            if (field == 5 || field == 10) return Part::tensor;
            if (field == 6 || field == 11) return Part::graph;
            return field == 22 || field == 23 ? Part::sparse : Part::other;
        case Part::sparse:
            return field == 1 || field == 2 ? Part::tensor : Part::other;
        default:
            return Part::other;
    }
}

bool mentions(Part kind, std::string_view bytes, int depth) {
    if (depth > kDeepest) throw Error(Kind::model, "it nests networks too deeply");
    for (Fields fields(bytes); fields.next();) {
        if (kind == Part::tensor) {
            if (fields.number() == kExternalData) return true;
            if (fields.number() == kDataLocation && fields.integer() != 0) return true;
            continue;
        }
        const Part part = kindOf(kind, fields.number());
        if (part != Part::other && fields.wire() == 2 && mentions(part, fields.bytes(), depth + 1))
            return true;
    }
    return false;
}

class Inliner {
  public:
    explicit Inliner(const std::string& folder) : folder_(folder.empty() ? "." : folder) {}

    std::string rewritten(Part kind, std::string_view bytes, int depth) {
        if (kind == Part::tensor) return tensor(bytes);
        if (depth > kDeepest) throw Error(Kind::model, "it nests networks too deeply");
        std::string result;
        std::string_view before = bytes;
        Fields fields(bytes);
        for (; fields.next(); before = fields.rest()) {
            const Part part = kindOf(kind, fields.number());
            if (part == Part::other || fields.wire() != 2 || !mentions(part, fields.bytes(), 0))
                result += before.substr(0, before.size() - fields.rest().size());
            else
                result +=
                    Message()
                        .bytes(int(fields.number()), rewritten(part, fields.bytes(), depth + 1))
                        .str();
        }
        if (fields.damaged()) throw Error(Kind::model, "it is damaged: a part is cut off");
        return result;
    }

  private:
    static std::uint64_t number(std::string_view text) {
        std::uint64_t value = 0;
        const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
        if (end.ec != std::errc() || end.ptr != text.data() + text.size())
            throw Error(Kind::model, "it states no proper place for a weight outside of it");
        return value;
    }

    std::string tensor(std::string_view bytes) {
        std::string result, location;
        std::uint64_t offset = 0, length = 0;
        bool hasLength = false;
        std::string_view before = bytes;
        Fields fields(bytes);
        for (; fields.next(); before = fields.rest()) {
            if (fields.number() == kExternalData) {
                std::string_view key, value;
                for (Fields entry(fields.bytes()); entry.next();)
                    (entry.number() == 1 ? key : value) = entry.bytes();
                if (key == "location") location = value;
                if (key == "offset") offset = number(value);
                if (key == "length") length = number(value), hasLength = true;
            } else if (fields.number() != kDataLocation && fields.number() != kRawData) {
                result += before.substr(0, before.size() - fields.rest().size());
            }
        }
        const std::string_view whole = file(location);
        if (offset > whole.size() || (hasLength && length > whole.size() - offset))
            throw Error(Kind::model, "its file of weights " + inQuotes(location) + " is too short");
        if (!hasLength) length = whole.size() - offset;
        total_ += length;
        if (total_ > kMostBytes) throw Error(Kind::model, "its weights come to more than 2 GB");
        if (total_ / 4 > mappedBytes_)
            throw Error(Kind::model, "it uses the same bytes beside it over and over");
        return result + Message().bytes(kRawData, whole.substr(offset, length)).str();
    }

    std::string_view file(const std::string& location) {
        auto& mapped = files_[location];
        if (!mapped) {
            const fs::path path(location);
            std::error_code code;
            bool sound = !location.empty() && location.find('\0') == std::string::npos &&
                         path.is_relative() && files_.size() <= 4096;
            for (const auto& part : path) sound = sound && part != "..";
            const fs::path root = fs::canonical(folder_, code);
            const fs::path target = fs::weakly_canonical(folder_ / path, code);
            const auto [end, rest] =
                std::mismatch(root.begin(), root.end(), target.begin(), target.end());
            if (!sound || end != root.end())
                throw Error(Kind::model, "it wants weights from " + inQuotes(location) +
                                             ", which is not beside it");
            if (!fs::is_regular_file(target, code))
                throw Error(Kind::model, "its file of weights " + inQuotes(location) +
                                             " is missing; it belongs beside it");
            mapped = std::make_unique<weights::Mapped>(target.string());
            mappedBytes_ += mapped->bytes().size();
        }
        return mapped->bytes();
    }

    fs::path folder_;
    std::map<std::string, std::unique_ptr<weights::Mapped>> files_;
    std::uint64_t total_ = 0, mappedBytes_ = 0;
};

}  // namespace

bool hasExternalData(std::string_view bytes) {
    return mentions(Part::model, bytes, 0);
}

std::string withExternalData(std::string_view bytes, const std::string& folder) {
    return Inliner(folder).rewritten(Part::model, bytes, 0);
}

}  // namespace acuity::architectures::onnx
