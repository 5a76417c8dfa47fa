// The catalogue: models that do not ship with Acuity, where they come from, and their licences.
//
//   {"models": [{"name": "...", "kind": "ESRGAN", "scale": 4, "licence": "BSD-3-Clause",
//                "noncommercial": false, "author": "...", "summary": "...", "homepage":
//                "https://...", "options": {"scale": "4"}, "files": [{"url": "https://...",
//                "sha256": "...", "bytes": 123}]}]}
//
// `files` is left out where no address is certain, `options` (--model-option) where none is needed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "architectures/network.h"

namespace acuity::model {

struct RemoteFile {
    std::string url;
    std::string sha256;
    std::uint64_t bytes = 0;
    std::string ending;  // ".pth": of the address's path
};

struct Entry {
    std::string name, kind, licence, author, summary, homepage;
    int scale = 0;  // 0: several
    bool noncommercial = false;
    architectures::Options options;
    std::vector<RemoteFile> files;  // none: to be fetched by hand from `homepage`
};

/// The entries of a catalogue, of the one that ships when `path` is "". Throws Error(model) naming
/// the file and the entry that is wrong.
std::vector<Entry> readCatalogue(const std::string& path = "");

/// The entry of this name, whatever its case. Throws Error(model) naming what is there.
Entry findEntry(const std::vector<Entry>& entries, const std::string& name);

}  // namespace acuity::model
