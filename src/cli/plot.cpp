#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace acuity::cli {
namespace {

constexpr int kHeight = 500;
constexpr int kLeft = 64, kAcross = 640, kTop = 56, kBottom = 52;
constexpr double kLabelHeight = 17, kLetterWidth = 8.2;  // of the largest letters that are usual
// Told apart by those who see few colours, too (Okabe and Ito's set).
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#e69f00", "#56b4e9", "#000000", "#8a8a00"};

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '"')
            out += "&quot;";
        else if ((unsigned char)c >= ' ')
            out += c;
    }
    return out;
}

/// A step of 1, 2 or 5 times a power of ten that gives about `count` marks.
double niceStep(double range, int count) {
    const double rough = range / count, power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (rough <= factor * power) return factor * power;
    return 10 * power;
}

struct Scale {
    double from, to, start, end;  // values, and pixels
    double operator()(double value) const {
        return start + (value - from) / (to - from) * (end - start);
    }
};

std::string text(double x, double y, const char* anchor, const std::string& words,
                 const std::string& more = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                       anchor, more, escaped(words));
}

std::string grid(const Scale& x, const Scale& y, double stepX, double stepY) {
    std::string out;
    for (double v = y.from; v <= y.to + stepY / 2; v += stepY)
        out += fmt::format(
                   "<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" "
                   "stroke=\"#ddd\"/>\n",
                   x.start, y(v), x.end, y(v)) +
               text(x.start - 8, y(v) + 4, "end", fmt::format("{:.4g}", v));
    for (double v = std::ceil(x.from / stepX) * stepX; v <= x.to; v += stepX)
        out += text(x(v), y.start + 20, "middle", fmt::format("{:.4g}", v));
    return out;
}

/// A line's name, and where it ended.
std::string labelOf(const PlotLine& line) {
    return fmt::format("{} {:.1f}", line.name, line.values.back());
}

/// Heights for the names beside the ends of the lines: in their order, none over another.
std::vector<double> labelHeights(const std::vector<PlotLine>& lines, const Scale& y) {
    std::vector<std::size_t> order(lines.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return lines[a].values.back() > lines[b].values.back();
    });
    std::vector<double> heights(lines.size());
    double next = 0;
    for (const std::size_t i : order) {
        heights[i] = std::max(next, y(lines[i].values.back()));
        next = heights[i] + kLabelHeight;
    }
    const double over = next - kLabelHeight - y.start;
    if (over > 0)
        for (double& height : heights) height -= over;
    return heights;
}

}  // namespace

std::string plot(const std::string& title, const std::string& across, const std::string& up,
                 const std::vector<PlotLine>& lines) {
    double low = 1e9, high = -1e9, last = 2;
    std::size_t longest = 0;
    for (const PlotLine& line : lines) {
        longest = std::max(longest, labelOf(line).size());
        const auto [least, most] = std::minmax_element(line.values.begin(), line.values.end());
        low = std::min(low, *least);
        high = std::max(high, *most);
        last = std::max(last, double(line.values.size()));
    }
    const double stepY = niceStep(std::max(1.0, high - low), 8), stepX = niceStep(last, 10);
    const int width = kLeft + kAcross + 20 + int(kLetterWidth * double(longest));
    const Scale x{1, last, kLeft, kLeft + kAcross};
    const Scale y{std::floor(low / stepY) * stepY, (std::floor(high / stepY) + 1) * stepY,
                  kHeight - kBottom, kTop};
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"13\" "
        "fill=\"#222\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
        width, kHeight);
    svg += text(kLeft, 30, "start", title, " font-size=\"17\" font-weight=\"bold\"");
    svg += grid(x, y, std::max(1.0, stepX), stepY);
    svg += text((x.start + x.end) / 2, kHeight - 10, "middle", across);
    svg += text(18, (y.start + y.end) / 2, "middle", up,
                fmt::format(" transform=\"rotate(-90 18 {:.1f})\"", (y.start + y.end) / 2));
    const std::vector<double> labels = labelHeights(lines, y);
    for (std::size_t i = 0; i < lines.size(); i++) {
        const char* colour = kColours[i % std::size(kColours)];
        std::string points;
        for (std::size_t n = 0; n < lines[i].values.size(); n++)
            points += fmt::format("{:.1f},{:.1f} ", x(double(n + 1)), y(lines[i].values[n]));
        svg += fmt::format(
            "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2.5\" points=\"{}\"/>\n", colour,
            points);
        svg += text(x.end + 10, labels[i] + 4, "start", labelOf(lines[i]),
                    fmt::format(" fill=\"{}\"", colour));
    }
    return svg + "</svg>\n";
}

}  // namespace acuity::cli
