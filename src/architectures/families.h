// The families of networks whose weights Acuity knows how to arrange into a graph.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "architectures/colour.h"
#include "architectures/graph.h"
#include "architectures/network.h"
#include "architectures/state.h"

namespace acuity::architectures {

/// A file of named tensors, and what else is known of it.
struct Source {
    const State& state;
    Options options;
    std::string fileName;  // without folder, for the few whose scale shows nowhere else
};

struct Family {
    std::string name;
    bool (*fits)(const State&);  // whether the names are this family's
    Network (*build)(const Source&);
};

/// In the order in which they are tried: the pickier first.
const std::vector<Family>& families();

/// Arranges the tensors of any known family. Throws Error(model) when none fits, naming some of the
/// tensors, or when the weights do not fit together.
Network arrange(weights::Weights weights, const Options& options, const std::string& fileName);

/// The factor in a file's name ("x4", "4x"), or nothing.
std::optional<int> scaleInName(const std::string& fileName);

/// Ends a graph: `output` is RGB. Scale and reach are read from it.
Network finish(Graph& graph, const Value& output, const std::string& family,
               const std::string& details);

/// Y of the RGB input, 0-1.
Value luma(Graph& graph, Luma range);

/// RGB from an enlarged Y and the input's colour, enlarged bicubically by Y's scale.
Value coloured(Graph& graph, const Value& y, Luma range);

}  // namespace acuity::architectures
