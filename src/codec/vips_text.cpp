#include "codec/vips_text.h"

#include <vips/vips.h>

#include <atomic>
#include <sstream>

namespace acuity::codec {
namespace {

std::atomic<int> underWay{0};

// "VipsJpeg: premature end" -> "premature end": a single word before the colon is an operation.
std::string withoutOperation(std::string line) {
    const auto colon = line.find(": ");
    if (colon != std::string::npos && line.find(' ') > colon) line.erase(0, colon + 2);
    return line;
}

std::string cleaned(const std::string& line) {
    std::string out;
    for (unsigned char c : line) out += c < 0x20 || c == 0x7f ? ' ' : static_cast<char>(c);
    while (!out.empty() && (out.back() == ' ' || out.back() == '.')) out.pop_back();
    if (out.size() > 160) out = out.substr(0, 157) + "...";
    return out;
}

}  // namespace

std::string takeVipsText() {
    char* raw = vips_error_buffer_copy();  // copies and clears under the library's own lock
    std::istringstream lines(raw ? raw : "");
    g_free(raw);
    for (std::string line; std::getline(lines, line);) {
        line = cleaned(withoutOperation(line));
        // These only report that a step above failed; the reason stands on another line.
        if (line.empty() || line == "vips_sequential" || line == "error buffer") continue;
        return line;
    }
    return "no reason was given";
}

FreshVipsText::FreshVipsText() {
    if (underWay++ == 0) vips_error_clear();
}

FreshVipsText::~FreshVipsText() {
    --underWay;
}

}  // namespace acuity::codec
