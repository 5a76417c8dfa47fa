// Acuity enlarges pictures with neural networks. The whole interface, in a program:
//
//     #include <acuity/acuity.h>
//     int main() {
//         acuity::Options options;
//         options.set("scale", "4");
//         acuity::enlarge("photo.jpg", "photo-large.tif", options);
//     }
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "acuity/error.h"

namespace acuity {

namespace pipeline {
struct Options;
}

/// Release of the library, "major.minor.patch".
std::string version();

/// The options of the command line, by their long names without dashes, with values as typed there;
/// flags take "on" or "off". `acuity --help` lists them.
class Options {
  public:
    Options();
    ~Options();
    Options(const Options&);
    Options& operator=(const Options&);

    /// Throws Error(usage) for unknown names and values that make no sense.
    void set(const std::string& name, const std::string& value);
    const pipeline::Options& get() const { return *options_; }

  private:
    std::unique_ptr<pipeline::Options> options_;
};

struct Result {
    std::string output;
    int width = 0, height = 0;       // of the written picture
    std::vector<std::string> notes;  // sentences about what the output format could not keep
    std::string json;                // all facts, as --json prints them
};

/// Enlarges one picture file into another; the output's extension decides the format.
/// Throws Error when it cannot; the output is then not there, or as it was before.
Result enlarge(const std::string& input, const std::string& output, const Options& options);

}  // namespace acuity
