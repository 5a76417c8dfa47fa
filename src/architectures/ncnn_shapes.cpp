// Layers of ncnn that move elements about: concatenation, cuts, reshaping.
#include <algorithm>
#include <limits>
#include <numeric>

#include "architectures/ncnn_layers.h"

namespace acuity::architectures::ncnn {
namespace {

using Ints = std::vector<std::int64_t>;
constexpr int kRest = -233;
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

std::vector<Blob> concat(const Task& t) {
    const int axis = t.axis(t.layer.integer(0), t.x().rank());
    std::vector<Value> parts;
    std::vector<Side> sides = t.x().sides;
    for (std::size_t i = 0; i < t.in.size(); ++i) {
        if (t.in[i].rank() != t.x().rank()) t.refuse("joins blobs of different axes");
        parts.push_back(t.in[i].value);
        for (int k = 0; i > 0 && k < t.x().rank(); ++k) {
            Side& side = sides[std::size_t(k)];
            const Side& more = t.in[i].sides[std::size_t(k)];
            if (k == axis)
                side = Side::combine(side, more, [](auto a, auto b) { return a + b; });
            else
                t.same(side, more);
        }
    }
    return {{t.graph.concat(parts, axis + 1), sides}};
}

std::vector<Blob> slice(const Task& t) {
    const int axis = t.axis(t.layer.integer(1), t.x().rank());
    const std::int64_t size = t.fixed(t.x().sides[std::size_t(axis)]);
    std::vector<int> lengths = t.layer.integers(0);
    const std::vector<int> cuts = t.layer.integers(2);
    const auto outputs = std::int64_t(t.layer.outputs.size());
    std::vector<Blob> parts;
    std::int64_t from = 0;
    for (std::int64_t i = 0; i < outputs; ++i) {
        const auto k = std::size_t(i);
        std::int64_t to = size;
        if (!cuts.empty()) {
            if (k < cuts.size()) to = cuts[k] < 0 ? cuts[k] + size : cuts[k];
        } else if (k < lengths.size()) {
            to = from + (lengths[k] == kRest ? (size - from) / (outputs - i) : lengths[k]);
        }
        if (to <= from || to > size) t.refuse("cuts more than there is");
        Blob part{t.graph.slice(t.x().value, axis + 1, from, to), t.x().sides};
        part.sides[std::size_t(axis)] = to - from;
        parts.push_back(std::move(part));
        from = to;
    }
    return parts;
}

/// Cuts as in Python: starts, ends and axes are lists.
Blob cutByLists(const Task& t, const std::vector<int>& starts, const std::vector<int>& ends) {
    std::vector<int> axes = t.layer.integers(11);
    if (axes.empty()) {
        axes.resize(starts.size());
        std::iota(axes.begin(), axes.end(), 0);
    }
    if (axes.size() != starts.size() || ends.size() != starts.size() || starts.size() > 3)
        t.refuse("has lists of different lengths");
    Blob y = t.x();
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const int axis = t.axis(axes[i], y.rank());
        const std::int64_t from = starts[i] == kRest ? 0 : starts[i];
        const std::int64_t to = ends[i] == kRest || ends[i] == 0 ? kEnd : ends[i];
        Side& side = y.sides[std::size_t(axis)];
        side = side.map([&](std::int64_t n) {
            const std::int64_t first = std::clamp<std::int64_t>(from < 0 ? from + n : from, 0, n);
            const std::int64_t last = std::clamp<std::int64_t>(to < 0 ? to + n : to, 0, n);
            return std::max<std::int64_t>(0, last - first);
        });
        y.value = t.graph.slice(y.value, axis + 1, from, to);
    }
    return y;
}

/// Offsets of an axis as parameters name them: width, height, channels by the innermost axis.
int keyOf(int axis, int rank, int innermost) {
    return innermost + rank - 1 - axis;
}

/// To the size of the second blob, from offsets on, or around the middle.
Blob cutToReference(const Task& t) {
    Graph& g = t.graph;
    Blob y = t.x();
    const Blob& like = t.in[1];
    const int axes = std::min(y.rank(), like.rank());
    for (int i = 0; i < axes; ++i) {
        const int axis = y.rank() - 1 - i, other = like.rank() - 1 - i;
        const Side side = y.sides[std::size_t(axis)], target = like.sides[std::size_t(other)];
        const int offset = t.layer.integer(keyOf(axis, y.rank(), 0));
        if (offset < 0 && offset != kRest) t.refuse("has a negative offset");
        t.only(Side::combine(side, target, [&](std::int64_t n, std::int64_t m) {
            return std::int64_t(m + std::max(offset, 0) <= n);
        }));
        const bool untouched = side.fixed() && target.fixed() && side[0] == target[0];
        y.sides[std::size_t(axis)] = target;
        if (untouched) continue;
        const Value size = t.sizeOf(like, other);
        Value from = g.integers({offset});
        if (offset == kRest) {
            const Blob now{y.value, t.x().sides};
            from = g.div(g.sub(t.sizeOf(now, axis), size), g.integers({2}));
        }
        Value cut = g.node("Slice", {y.value, from, g.add(from, size), g.integers({axis + 1})});
        cut.reach = y.value.reach;
        y.value = cut;
    }
    return y;
}

std::vector<Blob> crop(const Task& t) {
    const std::vector<int> starts = t.layer.integers(9), ends = t.layer.integers(10);
    if (t.in.size() == 2) return {cutToReference(t)};
    if (!starts.empty() && !ends.empty()) return {cutByLists(t, starts, ends)};
    Blob y = t.x();
    for (int axis = 0; axis < y.rank(); ++axis) {
        const std::int64_t from = t.number(keyOf(axis, y.rank(), 0), 0, 0, 1 << 24);
        const std::int64_t less = t.number(keyOf(axis, y.rank(), 6), 0, 0, 1 << 24);
        const int size = t.layer.integer(keyOf(axis, y.rank(), 3));
        const bool rest = size == kRest || size == 0;
        if (!rest && size < 0) t.refuse("has a negative size");
        Side& side = y.sides[std::size_t(axis)];
        if (!rest)  // a picture smaller than that would be another cut
            t.only(side.map([&](std::int64_t n) { return std::int64_t(n - from - less >= size); }));
        if (!rest || from || less)
            y.value = t.graph.slice(y.value, axis + 1, from,
                                    !rest  ? from + size
                                    : less ? -less
                                           : kEnd);
        side = side.map([&](std::int64_t n) {
            return rest ? std::max<std::int64_t>(0, n - from - less) : size;
        });
    }
    return {y};
}

std::vector<Blob> reshape(const Task& t) {
    if (t.layer.integer(3)) t.refuse("permutes while it reshapes, as only old versions do");
    std::vector<int> wanted;  // from the outermost on
    for (const int key : {2, 11, 1, 0})
        if (const int side = t.layer.integer(key, kRest); side != kRest) wanted.push_back(side);
    if (wanted.empty() || wanted.size() > 3) t.refuse("makes a blob of no or four axes");
    const auto source = [&](std::size_t place) {  // the axis that 0 copies
        const int inner = int(wanted.size() - 1 - place);
        return t.x().rank() - 1 - inner;
    };
    const auto product = [](const Side& a, const Side& b) {
        return Side::combine(a, b, [](auto m, auto n) { return m * n; });
    };
    Side whole = 1, known = 1;
    for (const Side& side : t.x().sides) whole = product(whole, side);
    std::vector<Side> sides;
    std::vector<Value> values;
    int open = -1;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        Side side = wanted[i];
        Value value = t.graph.integers({wanted[i]});
        if (wanted[i] == 0) {
            side = source(i) < 0 ? Side(1) : t.x().sides[std::size_t(source(i))];
            value = source(i) < 0 ? t.graph.integers({1}) : t.sizeOf(t.x(), source(i));
        } else if (wanted[i] == -1) {
            if (open >= 0) t.refuse("leaves two sides open");
            open = int(i);
            side = 1;
        } else if (wanted[i] < 0) {
            t.refuse("has a negative side");
        }
        known = product(known, side);
        sides.push_back(side);
        values.push_back(value);
    }
    if (open >= 0)
        sides[std::size_t(open)] =
            Side::combine(whole, known, [](auto m, auto n) { return n ? m / n : 0; });
    Side made = 1;
    for (const Side& side : sides) made = product(made, side);
    t.same(made, whole);
    return {{t.graph.reshape(t.x().value, t.shape(values)), sides}};
}

std::vector<Blob> permute(const Task& t) {
    t.rank(2, 3);
    // Where output axes come from; the names in the parameter run from the innermost axis.
    static const Ints of2[] = {{0, 1}, {1, 0}};
    static const Ints of3[] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const bool two = t.x().rank() == 2;
    const int kind = t.number(0, 0, 0, two ? 1 : 5);
    const Ints& from = two ? of2[kind] : of3[kind];
    Ints order{0};
    std::vector<Side> sides;
    for (const std::int64_t axis : from) {
        order.push_back(axis + 1);
        sides.push_back(t.x().sides[std::size_t(axis)]);
    }
    return {{t.graph.transpose(t.x().value, order), sides}};
}

std::vector<Blob> flatten(const Task& t) {
    Side whole = 1;
    for (const Side& side : t.x().sides)
        whole = Side::combine(whole, side, [](auto m, auto n) { return m * n; });
    if (t.x().rank() == 1) return {t.x()};
    return {{t.graph.reshape(t.x().value, {1, -1}), {whole}}};
}

std::vector<Blob> squeeze(const Task& t) {
    std::vector<bool> drop(std::size_t(t.x().rank()));
    for (const int axis : t.layer.integers(3)) drop[std::size_t(t.axis(axis, t.x().rank()))] = true;
    for (int axis = 0; axis < t.x().rank(); ++axis)
        if (t.layer.integer(keyOf(axis, t.x().rank(), 0))) drop[std::size_t(axis)] = true;
    std::vector<Side> sides;
    Ints axes;
    for (std::size_t i = 0; i < drop.size(); ++i) {
        const Side& side = t.x().sides[i];
        if (drop[i] && side.fixed() && side[0] == 1 && axes.size() + 1 < drop.size())
            axes.push_back(std::int64_t(i) + 1);
        else
            sides.push_back(side);
    }
    if (axes.empty()) return {t.x()};
    return {{t.graph.node("Squeeze", {t.x().value, t.graph.integers(axes)}), sides}};
}

std::vector<Blob> expand(const Task& t) {
    std::vector<int> axes = t.layer.integers(3);
    const int rank = t.x().rank();
    if (axes.empty()) {
        // By names, which mean a place among the axes that there are then.
        const bool w = t.layer.integer(0), h = t.layer.integer(1), c = t.layer.integer(2);
        if (rank == 1 && h) axes.push_back(0);
        if (rank == 1 && w) axes.push_back(h ? 2 : 1);
        if (rank == 1 && w && h) axes = {1, 2};
        if (rank == 2) axes.assign(1, w ? 2 : h ? 1 : 0);
        if ((rank == 1 && c) || rank > 2 || (rank == 2 && w + h + c != 1))
            t.refuse("adds axes in a way that Acuity does not");
    }
    const int after = rank + int(axes.size());
    if (after > 3) t.refuse("makes a blob of more than three axes");
    std::vector<bool> added(std::size_t(after), false);
    for (const int axis : axes) added[std::size_t(t.axis(axis, after))] = true;
    if (std::count(added.begin(), added.end(), true) != std::ptrdiff_t(axes.size()))
        t.refuse("adds an axis twice");
    std::vector<Side> sides;
    Ints places;
    std::size_t from = 0;
    for (std::size_t i = 0; i < added.size(); ++i) {
        if (added[i]) places.push_back(std::int64_t(i) + 1);
        sides.push_back(added[i] ? Side(1) : t.x().sides[from++]);
    }
    return {{t.graph.node("Unsqueeze", {t.x().value, t.graph.integers(places)}), sides}};
}

}  // namespace

void addShapes(Writers& writers) {
    writers["Concat"] = {concat, 1, 0};
    writers["Slice"] = {slice};
    writers["Crop"] = {crop, 1, 2};
    writers["Reshape"] = {reshape};
    writers["Permute"] = {permute};
    writers["Flatten"] = {flatten};
    writers["Squeeze"] = {squeeze};
    writers["ExpandDims"] = {expand};
}

}  // namespace acuity::architectures::ncnn
