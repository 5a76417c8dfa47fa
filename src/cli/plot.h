// A line chart as SVG.
#pragma once

#include <string>
#include <vector>

namespace acuity::cli {

struct PlotLine {
    std::string name;
    std::vector<double> values;  // at 1, 2, 3 …
};

/// `across` and `up` name the axes. At least one line, each with a value.
std::string plot(const std::string& title, const std::string& across, const std::string& up,
                 const std::vector<PlotLine>& lines);

}  // namespace acuity::cli
