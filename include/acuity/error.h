// The one exception type of Acuity: a kind, and a sentence that tells a person what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace acuity {

enum class Kind {
    usage,      // the options do not make sense together
    input,      // this input cannot be read, or is refused
    output,     // this output cannot be written
    model,      // the model file is missing, damaged or of an unknown kind
    engine,     // no engine can run here
    cancelled,  // the person stopped the run
    internal,   // a fault of ours
};

class Error : public std::runtime_error {
  public:
    Error(Kind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
    Kind kind() const { return kind_; }

  private:
    Kind kind_;
};

}  // namespace acuity
