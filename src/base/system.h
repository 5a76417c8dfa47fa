// Facts of this machine: memory, cores, caches, processor, folders.
#pragma once

#include <cstdint>
#include <string>

namespace acuity {

/// Bytes of memory this process may use: the machine's, or the control group's when that is less.
std::uint64_t memorySize();
/// Cores this process may run on.
int coreCount();
/// Bytes of the largest cache that belongs to one core (L2), 1 MiB when unknown.
std::uint64_t coreCacheSize();
/// The processor's name as the system reports it.
std::string processorName();
/// Whether the processor multiplies bf16 in hardware (AMX, AVX-512 BF16, Arm BF16).
bool hasBf16();
/// Whether it has Intel's matrix unit (AMX).
bool hasAmx();
/// The folder that holds this code: the library's, or the program's it is linked into.
std::string ownFolder();
/// Where things may be remembered between runs ($ACUITY_CACHE, else $XDG_CACHE_HOME/acuity, else
/// ~/.cache/acuity), created; "" when there is no such place.
std::string cacheFolder();
/// Most bytes this process has had resident so far.
std::uint64_t peakMemory();

}  // namespace acuity
