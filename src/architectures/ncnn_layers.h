// Layers of ncnn, each written as ONNX. Blobs have no batch: ONNX has one axis more in front.
//
// Sizes are followed for many input sizes at once ("probes"): which of them a graph can take, by
// how much it shrinks, and what it enlarges by then show at its end.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "architectures/graph.h"
#include "weights/ncnn.h"

namespace acuity::architectures::ncnn {

using weights::NcnnLayer;

/// A side of a blob for each of the input sizes that are tried.
class Side {
  public:
    static constexpr int kProbes = 129;
    // Of the first probe; each has a pixel more. Both are the same modulo all that sides are
    // aligned to.
    static constexpr std::int64_t kHeight = 512, kWidth = kHeight + 6720;

    Side(std::int64_t fixed = 1) : fixed_(fixed) {}
    static Side rising(std::int64_t first);

    bool fixed() const { return !probes_; }
    std::int64_t operator[](int probe) const {
        return probes_ ? (*probes_)[std::size_t(probe)] : fixed_;
    }

    template <class F>
    Side map(F f) const {
        return combine(*this, *this, [&](std::int64_t a, std::int64_t) { return f(a); });
    }
    template <class F>
    static Side combine(const Side& a, const Side& b, F f) {
        if (a.fixed() && b.fixed()) return f(a.fixed_, b.fixed_);
        auto probes = std::make_shared<std::array<std::int64_t, kProbes>>();
        bool same = true;
        for (int i = 0; i < kProbes; ++i) {
            (*probes)[std::size_t(i)] = f(a[i], b[i]);
            same = same && (*probes)[std::size_t(i)] == (*probes)[0];
        }
        return same ? Side((*probes)[0]) : Side(std::move(probes));
    }

  private:
    explicit Side(std::shared_ptr<const std::array<std::int64_t, kProbes>> probes)
        : probes_(std::move(probes)) {}
    std::int64_t fixed_ = 1;
    std::shared_ptr<const std::array<std::int64_t, kProbes>> probes_;
};

/// What layers hand on: ONNX [1, sides...], sides from the outermost: channels, height, width.
struct Blob {
    Value value;
    std::vector<Side> sides;
    int rank() const { return static_cast<int>(sides.size()); }
};

/// What is known of the whole graph.
struct Trace {
    std::bitset<Side::kProbes> fits = std::bitset<Side::kProbes>().set();
    bool global = false;  // something looks at the whole picture
};

/// A layer to be written.
struct Task {
    Graph& graph;
    Trace& trace;
    const NcnnLayer& layer;
    std::vector<Blob> in;

    const Blob& x() const { return in.front(); }
    /// Throws Error(model): "its layer ... " and why.
    [[noreturn]] void refuse(const std::string& why) const;
    /// A parameter within bounds.
    int number(int key, int otherwise, int least, int most) const;
    /// An axis of `rank` axes that may be counted from the end.
    int axis(int value, int rank) const;
    /// A fixed side, which weights must fit.
    std::int64_t fixed(const Side& side) const;
    /// A weight in another shape of as many elements.
    Tensor shaped(std::size_t index, const Shape& shape) const;
    bool hasWeight(std::size_t index) const { return index < layer.weights.size(); }
    /// Input sizes for which the sides differ are ruled out.
    void same(const Side& a, const Side& b) const;
    void only(const Side& whether) const;  // ...or for which this is 0
    /// Marks the graph as looking everywhere when this ONNX axis depends on the input's size.
    void across(const Blob& blob, const std::vector<std::int64_t>& axes) const;
    void rank(int least, int most) const;

    /// Sides of a blob as ONNX wants them while running: int64 [n].
    Value sizeOf(const Blob& blob, int axis) const;
    /// A shape of [1, sides]; -1 for a side that follows from the others.
    Value shape(const std::vector<Value>& sides) const;
    /// The activation fused into a layer.
    Value activated(const Value& x) const;
};

using Write = std::vector<Blob> (*)(const Task&);
struct Writer {
    Write write;
    int least = 1, most = 1;  // inputs; most 0: any number
};
using Writers = std::unordered_map<std::string, Writer>;

// One function for each file of layers.
void addConvolutions(Writers&);  // convolutions, pooling, fully connected
void addPointwise(Writers&);     // element by element
void addShapes(Writers&);        // concatenation, cuts, reshaping
void addResolution(Writers&);    // interpolation, shuffles, padding
void addNorms(Writers&);         // norms, reductions, softmax, matrix products

}  // namespace acuity::architectures::ncnn
