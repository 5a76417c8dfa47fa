// A node of a TensorFlow graph while it is translated: its inputs and attributes, checked.
#pragma once

#include <string>

#include "architectures/tensorflow_nodes.h"
#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

using weights::TensorflowAttribute;
using weights::TensorflowNode;
using Integers = std::vector<std::int64_t>;

/// A node while it is translated.
struct Call {
    Graph& graph;
    const TensorflowNode& node;
    const std::vector<Item>& inputs;

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(Kind::model, "it is a TensorFlow graph whose node " + inQuotes(node.name) +
                                     " (" + node.op + ") " + why);
    }
    const TensorflowAttribute& attribute(const char* name) const {
        static const TensorflowAttribute none;
        const auto found = node.attributes.find(name);
        return found == node.attributes.end() ? none : found->second;
    }
    const Item& input(std::size_t i) const {
        if (i >= inputs.size()) refuse("lacks an input");
        return inputs[i];
    }
    const Item& map(std::size_t i = 0) const {
        const Item& item = input(i);
        if (!item.isMap) refuse("works on something other than the picture");
        return item;
    }
    const Tensor& constant(std::size_t i) const {
        const Item& item = input(i);
        if (!item.constant) refuse("takes weights that are no constant");
        return *item.constant;
    }
    /// Whole numbers that are known.
    Integers integers(std::size_t i) const {
        Integers values;
        for (const Side& side : input(i).sizes) {
            if (side.relative) refuse("takes numbers that hang on the picture's size");
            values.push_back(static_cast<std::int64_t>(side.value));
        }
        if (values.empty()) refuse("takes numbers that are no constant");
        return values;
    }
    std::int64_t integer(std::size_t i) const { return integers(i).front(); }

    /// An axis of the graph's as one of ours, 0-3.
    int axis(std::int64_t axis, Axes axes) const {
        static constexpr std::array<int, 4> kNhwc{0, 2, 3, 1}, kNchw{0, 1, 2, 3};
        if (axis < 0) axis += 4;
        if (axis < 0 || axis > 3 || axes == Axes::nhw) refuse("takes an axis that is none");
        return (axes == Axes::nhwc ? kNhwc : kNchw)[static_cast<std::size_t>(axis)];
    }
    void needChannels(std::int64_t axis, Axes axes) const {
        if (this->axis(axis, axes) != 1) refuse("works along another axis than the channels");
    }
    /// A list of four with one number for height and width, and ones.
    int spread(const char* name, Axes axes, int most) const {
        const Integers& list = attribute(name).integers;
        if (list.empty()) return 1;
        const std::size_t y = axes == Axes::nhwc ? 1 : 2;
        if (list.size() != 4 || list[y] != list[y + 1] || list[y] < 1 || list[y] > most ||
            list[0] != 1 || list[axes == Axes::nhwc ? 3 : 1] != 1)
            refuse(std::string("has ") + name + " that Acuity does not know");
        return static_cast<int>(list[y]);
    }
    void checkAxes(const Item& x) const {
        const std::string& format = attribute("data_format").text;
        const Axes axes = format == "NCHW" ? Axes::nchw : Axes::nhwc;
        if (x.axes != axes) refuse("counts its axes in another way than its input");
    }
    bool same() const {
        const std::string& padding = attribute("padding").text;
        if (padding != "SAME" && padding != "VALID") refuse("pads in a way Acuity does not know");
        return padding == "SAME";
    }
};

/// A map like another one.
inline Item mapped(const Item& like, Value value) {
    Item item = like;
    item.value = std::move(value);
    return item;
}

/// Conv2D and DepthwiseConv2dNative.
Item conv(const Call& call);

/// Conv2DBackpropInput; of its two output sizes that fit, the one that is a multiple of the input.
Item deconv(const Call& call);

/// A constant that stands beside a map of these axes.
Value beside(const Call& call, const Tensor& tensor, Axes axes, int channels);

}  // namespace acuity::architectures
