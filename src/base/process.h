// Other programs, found on the PATH and run without a shell.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace acuity {

using Command = std::vector<std::string>;  // the program and its arguments

bool hasProgram(const std::string& name);

/// What the program writes to its standard output (its first 16 MiB); nothing when it cannot be
/// started or fails. What it complains about is dropped.
std::optional<std::string> outputOf(const Command& command);

/// A program that is fed through its standard input; what it writes is dropped. This process must
/// ignore SIGPIPE.
class Feed {
  public:
    /// Throws Error(output) when it cannot be started.
    explicit Feed(const Command& command);
    /// Ends it if it was not finished.
    ~Feed();
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    /// False once the program takes no more.
    bool write(const void* bytes, std::size_t count);
    /// Closes its input and waits; whether it ended well.
    bool finish();

  private:
    int input_ = -1;
    pid_t child_;  // 0 once it has ended; set after input_
};

}  // namespace acuity
