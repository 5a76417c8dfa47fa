#include "architectures/tensorflow.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include "architectures/families.h"
#include "architectures/tensorflow_nodes.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

namespace {

using weights::TensorflowGraph;
using weights::TensorflowNode;

// The mean of DIV2K that dnn_superres takes off and adds again: red, green, blue of 255.
constexpr float kMean[3] = {114.35629928f, 111.561547f, 103.1545782f};
// How often a graph may use the same weights: copies in ONNX take so much more than the file.
constexpr std::uint64_t kMostGrowth = 8, kMostAnyway = 64ull << 20;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(Kind::model, "it is a TensorFlow graph " + what);
}

class Converter {
  public:
    Converter(const TensorflowGraph& source, std::uint64_t fileSize, const Options& options)
        : source_(source), most_(kMostGrowth * fileSize + kMostAnyway) {
        for (std::size_t i = 0; i < source_.nodes.size(); ++i) {
            if (!byName_.emplace(source_.nodes[i].name, i).second)
                refuse("with two nodes called " + inQuotes(source_.nodes[i].name));
            if (source_.nodes[i].op == "Placeholder" && input_ == kNone) input_ = i;
        }
        results_.resize(source_.nodes.size());
        begun_.resize(source_.nodes.size());
        if (input_ == kNone) refuse("without an input (Placeholder)");
        readInput();
        const auto flag = [&](const char* name, const char* on, const char* off, bool otherwise) {
            const auto found = options.find(name);
            if (found == options.end()) return otherwise;
            if (found->second != on && found->second != off)
                throw Error(Kind::usage, std::string("--model-option ") + name + " takes " + on +
                                             " or " + off + ", not " + inQuotes(found->second));
            return found->second == on;
        };
        bytes_ = flag("range", "255", "1", channels_ == 3);
        reversed_ = flag("order", "bgr", "rgb", true);
        mean_ = flag("mean", "1", "0", channels_ == 3 && !centred_);
        const auto asked = options.find("output");
        output_ = asked == options.end() ? "" : asked->second;
    }

    Network network() {
        results_[input_] = {entered()};
        const Item last = result();
        if (!last.isMap || last.value.channels != channels_)
            refuse("whose output has another number of channels than its input");
        for (const double extra : last.extra)
            if (extra != 0)
                refuse("whose output is not a whole multiple of its input: it lacks padding");
        Network network = finish(graph_, left(last.value), "TensorFlow graph", details());
        network.align = align_;
        return network;
    }

  private:
    static constexpr std::size_t kNone = std::size_t(-1);

    /// Channels of the input, and whether the graph itself takes a mean off, from what comes up to
    /// the first convolution.
    void readInput() {
        std::map<std::size_t, std::vector<std::size_t>> users;
        for (std::size_t i = 0; i < source_.nodes.size(); ++i)
            for (const std::string& name : source_.nodes[i].inputs)
                if (const std::size_t from = find(name).first; from != kNone)
                    users[from].push_back(i);
        std::deque<std::size_t> queue{input_};
        std::set<std::size_t> seen{input_};
        while (!queue.empty()) {
            const std::size_t at = queue.front();
            queue.pop_front();
            const TensorflowNode& node = source_.nodes[at];
            if (node.op == "Conv2D" && node.inputs.size() > 1) {
                channels_ = filterChannels(node.inputs[1]);
                break;
            }
            if (node.op == "Sub" || node.op == "BiasAdd") centred_ = true;
            for (const std::size_t user : users[at])
                if (seen.insert(user).second) queue.push_back(user);
        }
        for (const auto& [from, to] : users)
            if (!to.empty()) used_.insert(from);
        if (channels_ != 1 && channels_ != 3)
            refuse("whose input has neither one channel nor three");
    }

    int filterChannels(const std::string& name) const {
        std::size_t at = find(name).first;
        for (int hops = 0; hops < 8 && at != kNone; ++hops) {
            const TensorflowNode& node = source_.nodes[at];
            if (node.op == "Identity" && !node.inputs.empty()) {
                at = find(node.inputs[0]).first;
                continue;
            }
            const auto value = node.attributes.find("value");
            if (value == node.attributes.end() || !value->second.tensor) return 0;
            const Shape& shape = value->second.tensor->shape;
            return shape.size() == 4 && shape[2] < 4 ? static_cast<int>(shape[2]) : 0;
        }
        return 0;
    }

    /// The node of an input's name, and which of its outputs.
    std::pair<std::size_t, std::size_t> find(const std::string& name) const {
        const auto colon = name.rfind(':');
        const bool numbered = colon != std::string::npos && colon + 2 == name.size() &&
                              name.back() >= '0' && name.back() <= '9';
        const auto found = byName_.find(numbered ? name.substr(0, colon) : name);
        return {found == byName_.end() ? kNone : found->second,
                numbered ? std::size_t(name.back() - '0') : 0};
    }

    /// RGB 0-1 as the network wants it.
    Item entered() {
        Item item;
        item.isMap = true;
        item.value = channels_ == 1 ? luma(graph_, Luma::full) : graph_.input();
        if (channels_ == 3) item.value = ordered(item.value);
        item.value = graph_.times(item.value, bytes_ ? 255 : 1);
        if (mean_) item.value = graph_.sub(item.value, means());
        return item;
    }

    Value left(Value value) {
        if (mean_) value = graph_.add(value, means());
        value = graph_.times(value, bytes_ ? 1 / 255.0f : 1);
        return channels_ == 1 ? coloured(graph_, value, Luma::full) : ordered(value);
    }

    Value ordered(const Value& x) {
        if (!reversed_) return x;
        return graph_.node("Gather", {x, graph_.integers({2, 1, 0})}, {{"axis", std::int64_t(1)}});
    }

    Value means() {
        const float unit = bytes_ ? 1 : 1 / 255.0f;
        std::vector<float> values(kMean, kMean + 3);
        for (float& value : values) value *= unit;
        if (reversed_) std::reverse(values.begin(), values.end());
        return graph_.constant({1, 3, 1, 1}, values);
    }

    /// The output asked for, or of those that nobody uses the one that enlarges most.
    Item result() {
        if (!output_.empty()) {
            const auto [node, which] = find(output_);
            if (node == kNone)
                throw Error(Kind::usage, "its graph has no node " + inQuotes(output_));
            return item(node, which);
        }
        std::vector<std::size_t> ends, named;
        for (std::size_t i = 0; i < source_.nodes.size(); ++i) {
            const TensorflowNode& node = source_.nodes[i];
            if (used_.count(i) || node.op == "Const" || node.op == "Placeholder" ||
                node.op == "NoOp")
                continue;
            ends.push_back(i);
            if (node.name.find("output") != std::string::npos) named.push_back(i);
        }
        if (!named.empty()) ends = named;
        if (ends.empty()) refuse("without an output");
        if (ends.size() > kMostOutputs) refuse("with more outputs than Acuity tries");
        Item best = item(ends[0], 0);
        for (const std::size_t end : ends)
            if (const Item other = item(end, 0); other.value.scale > best.value.scale) best = other;
        return best;
    }

    Item item(std::size_t node, std::size_t which) {
        evaluate(node);
        if (which >= results_[node].size())
            refuse("that asks " + inQuotes(source_.nodes[node].name) + " for an output too many");
        return results_[node][which];
    }

    /// Translates a node after everything it stands on, without recursion.
    void evaluate(std::size_t target) {
        std::vector<std::size_t> stack{target};
        while (!stack.empty()) {
            const std::size_t at = stack.back();
            if (!results_[at].empty()) {
                stack.pop_back();
                continue;
            }
            const bool again = begun_[at];
            begun_[at] = true;
            const std::size_t before = stack.size();
            each(source_.nodes[at], [&](std::size_t from, std::size_t) {
                if (!results_[from].empty()) return;
                if (again || begun_[from])
                    refuse("that goes in circles at " + inQuotes(source_.nodes[from].name));
                stack.push_back(from);
            });
            if (stack.size() == before) translate(at);
        }
    }

    void translate(std::size_t at) {
        const TensorflowNode& node = source_.nodes[at];
        std::vector<Item> inputs(ignoresFirst(node) ? 1 : 0);
        each(node,
             [&](std::size_t from, std::size_t which) { inputs.push_back(item(from, which)); });
        if (node.op == "Placeholder") refuse("with more than one input");
        results_[at] = translated(graph_, node, inputs);
        if (graph_.weightBytes() > most_) refuse("that uses the same weights over and over");
        for (const Item& result : results_[at]) {
            if (!result.isMap) continue;
            if (!sane(result))
                refuse("whose node " + inQuotes(node.name) + " gives a picture beyond all measure");
            if (result.value.scale < 1)
                align_ = std::max(align_, static_cast<int>(std::ceil(1 / result.value.scale)));
        }
    }

    /// Whether later sums of these numbers stay within what they can hold.
    static bool sane(const Item& item) {
        constexpr double kMost = 1 << 20, kMostScale = 64;
        const Value& value = item.value;
        return value.channels >= 1 && value.channels <= kMost && value.scale >= 1 / kMostScale &&
               value.scale <= kMostScale && value.reach <= kMost &&
               std::abs(item.extra[0]) <= kMost && std::abs(item.extra[1]) <= kMost;
    }

    template <class Visit>
    void each(const TensorflowNode& node, Visit visit) const {
        for (std::size_t i = ignoresFirst(node) ? 1 : 0; i < node.inputs.size(); ++i) {
            const auto [from, which] = find(node.inputs[i]);
            if (from == kNone)
                refuse("that lacks the node " + inQuotes(node.inputs[i]) + " which " +
                       inQuotes(node.name) + " needs");
            visit(from, which);
        }
    }

    std::string details() const {
        const auto convolutions =
            std::count_if(source_.nodes.begin(), source_.nodes.end(), [](const auto& node) {
                return node.op == "Conv2D" || node.op == "Conv2DBackpropInput";
            });
        return std::to_string(convolutions) + " convolutions on " +
               (channels_ == 1 ? "brightness"
                : reversed_    ? "BGR"
                               : "RGB") +
               ", values to " + (bytes_ ? "255" : "1") + (mean_ ? " less DIV2K's mean" : "");
    }

    static constexpr std::size_t kMostOutputs = 64;

    const TensorflowGraph& source_;
    Graph graph_;
    std::map<std::string, std::size_t> byName_;
    std::vector<std::vector<Item>> results_;  // empty: not yet
    std::vector<bool> begun_;
    std::set<std::size_t> used_;
    std::size_t input_ = kNone;
    std::uint64_t most_ = 0;
    int channels_ = 0, align_ = 1;
    bool centred_ = false, bytes_ = false, reversed_ = true, mean_ = false;
    std::string output_;
};

}  // namespace

Network fromTensorflow(std::string_view bytes, const Options& options, const std::string&) {
    const TensorflowGraph graph = weights::parseTensorflow(bytes);
    return Converter(graph, bytes.size(), options).network();
}

}  // namespace acuity::architectures
