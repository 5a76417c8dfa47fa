#include "base/system.h"

#include <dlfcn.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace acuity {
namespace fs = std::filesystem;

namespace {

/// The number a one-line system file holds, or 0 ("max" too).
std::uint64_t numberIn(const char* path) {
    std::ifstream in(path);
    std::uint64_t value = 0;
    return in >> value ? value : 0;
}

#if defined(__x86_64__)
bool leaf7(unsigned sub, int which, int bit) {
    unsigned r[4];
    if (!__get_cpuid_count(7, sub, &r[0], &r[1], &r[2], &r[3])) return false;
    return r[which] >> bit & 1;
}
#endif

}  // namespace

std::uint64_t memorySize() {
    const std::uint64_t machine =
        std::uint64_t(sysconf(_SC_PHYS_PAGES)) * std::uint64_t(sysconf(_SC_PAGE_SIZE));
    std::uint64_t group = numberIn("/sys/fs/cgroup/memory.max");
    if (!group) group = numberIn("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    return group ? std::min(group, machine) : machine;
}

int coreCount() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());
}

std::uint64_t coreCacheSize() {
    const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return size > 0 ? std::uint64_t(size) : 1u << 20;
}

std::string processorName() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
            return line.substr(line.find(": ") + 2);
    return "unknown processor";
}

bool hasAmx() {
#if defined(__x86_64__)
    return leaf7(0, 3, 24) && leaf7(0, 3, 22);
#else
    return false;
#endif
}

bool hasBf16() {
#if defined(__x86_64__)
    return hasAmx() || leaf7(1, 0, 5);
#elif defined(__aarch64__)
    return getauxval(AT_HWCAP2) >> 14 & 1;
#else
    return false;
#endif
}

std::string ownFolder() {
    Dl_info info{};
    std::error_code code;
    if (!dladdr(reinterpret_cast<void*>(&ownFolder), &info) || !info.dli_fname) return ".";
    return fs::canonical(info.dli_fname, code).parent_path().string();
}

std::string cacheFolder() {
    const char* own = std::getenv("ACUITY_CACHE");
    const char* xdg = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    fs::path folder;
    if (own && *own) {
        folder = own;
    } else if (xdg && *xdg) {
        folder = fs::path(xdg) / "acuity";
    } else if (home && *home) {
        folder = fs::path(home) / ".cache" / "acuity";
    } else {
        return "";
    }
    std::error_code code;
    fs::create_directories(folder, code);
    return code || access(folder.c_str(), W_OK) != 0 ? "" : folder.string();
}

std::uint64_t peakMemory() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    return std::uint64_t(use.ru_maxrss) * 1024;
}

}  // namespace acuity
