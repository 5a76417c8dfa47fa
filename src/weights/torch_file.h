// The containers in which PyTorch saves: a zip archive, or (before 1.6) a stream of pickles that
// storages follow. Both come down to one pickle, and storages that it names.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weights/pickle.h"
#include "weights/tensor.h"
#include "weights/zip.h"

namespace acuity::weights {

/// A storage as the pickle names it.
struct StorageName {
    std::string key;
    std::optional<Type> type;  // absent where it is but bytes and the tensor says of which type
    std::uint64_t count = 0;   // elements; of an untyped one, bytes
    std::uint64_t offset = 0;  // of views of storages, which the oldest files have
    std::optional<std::uint64_t> viewed;  // elements of the view
};

/// Throws Error(model) naming a type that Acuity does not read; `id` is a persistent object.
StorageName storageName(const Object& id);

class TorchFile {
  public:
    /// `bytes` must outlive it. Throws Error(model) with the reason when they are no weights.
    explicit TorchFile(std::string_view bytes);

    const Object& top() const { return pickle_->top(); }
    bool isScript() const { return script_; }  // a TorchScript archive: code and weights
    bool isBigEndian() const { return bigEndian_; }

    /// The bytes of a storage. Throws Error(model) when it is missing, damaged, or of another size.
    std::string_view storage(const StorageName& name);

    /// Frees the objects; storages that were handed out live on.
    void dropObjects() { pickle_.reset(); }

  private:
    void openZip();
    void openLegacy(std::size_t start);

    std::string_view bytes_;
    std::optional<Zip> zip_;
    std::string folder_;  // in the archive, with its slash
    std::unique_ptr<Pickle> pickle_;
    std::map<std::string, std::string_view> storages_;  // of the legacy stream
    bool script_ = false, bigEndian_ = false;
};

}  // namespace acuity::weights
