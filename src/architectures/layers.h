// Layers under the names that a file gives them, as EDSR and the networks after it share them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "architectures/families.h"

namespace acuity::architectures {

/// How a network wants its colours: "sub_mean" and "add_mean" of its authors.
struct Colours {
    struct Shift {
        std::array<float, 9> matrix{1, 0, 0, 0, 1, 0, 0, 0, 1};  // row by row
        std::array<float, 3> offset{};
    };
    Shift in, out;    // before the first and after the last layer, on values from 0 to range
    float range = 1;  // white: 1 or 255
};

/// The shifts "sub_mean" and "add_mean" + `suffix` of a file; where there are none, those by the
/// mean of DIV2K. The range is the option "range", else what the shifts tell, else `range`.
/// Throws Error(model) when their shapes do not fit.
Colours colours(const Source& source, const std::string& suffix = "", float range = 255);

class Layers {
  public:
    Layers(Graph& graph, const State& state) : graph_(graph), state_(state) {}

    /// The convolution "name.weight", with "name.bias" where there is one. Throws Error(model) when
    /// the weights are missing or do not fit.
    Value conv(const Value& x, const std::string& name, Convolution how = {}) const;
    /// The same, with as many groups as the weight's shape tells.
    Value grouped(const Value& x, const std::string& name) const;

    /// The convolutions "upsample.#" with # = 0, step... each followed by a pixel shuffle that
    /// restores the number of channels.
    Value shuffles(Value x, const std::string& pattern, int step = 2) const;
    /// By how much they enlarge. Throws Error(model) when they do not fit a pixel shuffle.
    int shuffleScale(const std::string& pattern, int step = 2) const;

    /// The input, 0-1, as the network wants it.
    Value enter(const Colours& colours) const;
    /// The network's last convolution, and back to 0-1.
    Value leave(const Value& x, const std::string& last, const Colours& colours) const;

  private:
    Graph& graph_;
    const State& state_;
};

/// Names "upsample.#", as many as have weights, # being first, first + step... Where the numbers in
/// the file are others, the first name without weights says that something is missing.
std::vector<std::string> sequence(const State& state, const std::string& pattern, int first,
                                  int step);

/// Which of a file's scales to take: the option "scale", else the one in the file's name, else 4,
/// else the largest. Throws Error(usage) for one that the file does not have.
int chosenScale(const Source& source, const std::vector<int>& scales);

}  // namespace acuity::architectures
