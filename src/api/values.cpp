#include "api/values.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/files.h"

namespace acuity::api {
namespace {

[[noreturn]] void wrong(const std::string& text, const std::string& wanted) {
    throw Error(Kind::usage, inQuotes(text) + " is not " + wanted);
}

/// Reads a number at the start of `text` and leaves the rest there.
bool takeNumber(std::string& text, double& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || !std::isfinite(value)) return false;
    text.erase(0, std::size_t(end - text.data()));
    return true;
}

bool takePair(std::string& text, double& a, double& b) {
    if (!takeNumber(text, a) || text.empty() || (text[0] != 'x' && text[0] != 'X')) return false;
    text.erase(0, 1);
    return takeNumber(text, b);
}

}  // namespace

double number(const std::string& text, double least, double most) {
    std::string rest = text;
    double value = 0;
    if (!takeNumber(rest, value) || !rest.empty() || value < least || value > most)
        wrong(text, fmt::format("a number from {:g} to {:g}", least, most));
    return value;
}

int whole(const std::string& text, int least, int most) {
    int value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || value < least || value > most)
        wrong(text, fmt::format("a whole number from {} to {}", least, most));
    return value;
}

bool onOff(const std::string& text) {
    if (text == "on" || text == "true" || text == "yes" || text == "1") return true;
    if (text == "off" || text == "false" || text == "no" || text == "0") return false;
    wrong(text, "on or off");
}

std::uint64_t byteCount(const std::string& text) {
    std::string rest = text;
    double value = 0;
    const bool good = takeNumber(rest, value) && value > 0;
    double unit = 1;
    if (!rest.empty()) {
        const std::string units = "kmgt";
        const auto at = units.find(char(std::tolower(static_cast<unsigned char>(rest[0]))));
        unit = at == std::string::npos ? 0 : std::pow(1024.0, double(at) + 1);
        const std::string tail = rest.substr(1);
        if (!tail.empty() && tail != "B" && tail != "b" && tail != "iB") unit = 0;
    }
    if (!good || unit == 0 || value * unit < 1 || value * unit > 1e15)
        wrong(text, "a size such as 2G or 512M");
    return std::uint64_t(value * unit);
}

std::pair<int, int> box(const std::string& text) {
    std::string rest = text;
    double w = 0, h = 0;
    const bool good = takePair(rest, w, h) && rest.empty() && w == std::floor(w) &&
                      h == std::floor(h) && w >= 1 && h >= 1 && w <= 1e7 && h <= 1e7;
    if (!good) wrong(text, "a size in pixels such as 1920x1080");
    return {int(w), int(h)};
}

std::pair<double, double> paper(const std::string& text) {
    std::string rest = text;
    double w = 0, h = 0;
    const bool good = takePair(rest, w, h) && w > 0 && h > 0;
    const double unit = rest == "cm" ? 2.54 : rest == "mm" ? 25.4 : rest == "in" ? 1 : 0;
    if (!good || unit == 0) wrong(text, "a print size such as 30x20cm, 300x200mm or 12x8in");
    return {w / unit, h / unit};
}

unsigned colour(const std::string& text) {
    const std::string digits = !text.empty() && text[0] == '#' ? text.substr(1) : text;
    unsigned value = 0;
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 6 || code != std::errc() || end != digits.data() + digits.size())
        wrong(text, "a colour such as FFFFFF");
    return value;
}

}  // namespace acuity::api
