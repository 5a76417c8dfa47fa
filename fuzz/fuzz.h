// What fuzz targets share: an entry that lets a parser refuse its input, but nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "acuity/error.h"

/// FUZZ(bytes) { parse(bytes); } defines the target. Errors of the kind that says "this file is
/// bad" are as good as success; anything else thrown is a finding.
#define FUZZ(BYTES)                                                           \
    static void fuzz(std::string_view BYTES);                                 \
    extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
        try {                                                                 \
            fuzz({reinterpret_cast<const char*>(data), size});                \
        } catch (const acuity::Error& error) {                                \
            if (error.kind() != acuity::Kind::model) throw;                   \
        }                                                                     \
        return 0;                                                             \
    }                                                                         \
    static void fuzz(std::string_view BYTES)
