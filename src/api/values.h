// Option values as people type them. All throw Error(usage) saying what is wanted.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace acuity::api {

double number(const std::string& text, double least, double most);
int whole(const std::string& text, int least, int most);
bool onOff(const std::string& text);
/// "2G", "512M", "1.5g", plain bytes.
std::uint64_t byteCount(const std::string& text);
/// "1920x1080" to two numbers.
std::pair<int, int> box(const std::string& text);
/// "30x20cm", "12x8in", "300x200mm" to inches.
std::pair<double, double> paper(const std::string& text);
/// "RRGGBB", with or without '#'.
unsigned colour(const std::string& text);

}  // namespace acuity::api
