#include "base/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/files.h"

extern char** environ;

namespace acuity {
namespace {

constexpr std::size_t kMostOutput = 16 << 20;

enum class End { read, write };

/// Starts `command` with one pipe, whose other end is for us: its output to read or its input to
/// write. All else is /dev/null. 0 when it cannot be started.
pid_t start(const Command& command, End ours, int& end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 0;
    const bool reading = ours == End::read;
    const int theirs = reading ? STDOUT_FILENO : STDIN_FILENO;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (stream != theirs)
            posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[reading ? 1 : 0], theirs);
    // We ignore a broken pipe; a program that does not expect that would go on for ever.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t pipeSignal;
    sigemptyset(&pipeSignal);
    sigaddset(&pipeSignal, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &pipeSignal);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> arguments;
    for (const std::string& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, arguments.front(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[reading ? 1 : 0]);
    end = ends[reading ? 0 : 1];
    if (!failed) return child;
    close(end);
    return 0;
}

bool endedWell(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool hasProgram(const std::string& name) {
    const char* set = std::getenv("PATH");
    const std::string path = set ? set : "/usr/local/bin:/usr/bin:/bin";
    for (std::size_t from = 0; from <= path.size();) {
        const std::size_t end = std::min(path.find(':', from), path.size());
        if (access((path.substr(from, end - from) + "/" + name).c_str(), X_OK) == 0) return true;
        from = end + 1;
    }
    return false;
}

std::optional<std::string> outputOf(const Command& command) {
    int end = -1;
    const pid_t child = start(command, End::read, end);
    if (!child) return std::nullopt;
    std::string said;
    char buffer[65536];
    while (said.size() < kMostOutput) {
        const ssize_t got = read(end, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        said.append(buffer, std::size_t(got));
    }
    close(end);
    return endedWell(child) ? std::optional(said) : std::nullopt;
}

Feed::Feed(const Command& command) : child_(start(command, End::write, input_)) {
    if (!child_)
        throw Error(Kind::output, "the program " + inQuotes(command.front()) + " does not start");
}

Feed::~Feed() {
    if (!child_) return;
    kill(child_, SIGTERM);
    finish();
}

bool Feed::write(const void* bytes, std::size_t count) {
    const char* from = static_cast<const char*>(bytes);
    while (count > 0) {
        const ssize_t sent = ::write(input_, from, count);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        from += sent;
        count -= std::size_t(sent);
    }
    return true;
}

bool Feed::finish() {
    close(input_);
    return endedWell(std::exchange(child_, 0));
}

}  // namespace acuity
