// The tensors of a network under the names its authors gave them, without what training wrapped
// around them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "weights/tensor.h"

namespace acuity::architectures {

class State {
  public:
    /// Strips what all names share from programs that train and compile ("module.", "net_g.").
    explicit State(weights::Weights weights);

    bool has(const std::string& name) const { return tensors().count(name) > 0; }
    /// Throws Error(model) naming what is missing.
    const weights::Tensor& at(const std::string& name) const;
    /// Null where there is none: most biases.
    const weights::Tensor* find(const std::string& name) const;
    /// A side of a tensor's shape. Throws Error(model) when there is no such tensor or side.
    int side(const std::string& name, int axis) const;
    /// How many of "body.#.weight" with # = 0, 1, 2... exist without a gap, from `first` on.
    int count(const std::string& pattern, int first = 0) const;
    /// The largest # for which a name begins with `prefix` and goes on with # and a dot or the end;
    /// -1 when there is none.
    int largest(const std::string& prefix) const;
    /// Every # for which "body.#.weight" exists, in order; unlike with count, there may be gaps.
    std::vector<int> numbers(const std::string& pattern) const;
    bool any(const std::string& prefix) const;  // whether a name begins so

    const std::map<std::string, weights::Tensor>& tensors() const { return weights_.tensors; }
    /// Sums of weights and the like live as long as the state.
    weights::Weights& arena() const { return arena_; }

  private:
    weights::Weights weights_;
    mutable weights::Weights arena_;
};

/// 1, 2, 3, 4... for which factor * factor * channels == outputs, or nothing.
std::optional<int> shuffleFactor(int outputs, int channels);

}  // namespace acuity::architectures
