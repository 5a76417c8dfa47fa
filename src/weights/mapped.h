// A file's bytes, read by the system when they are touched.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace acuity::weights {

class Mapped {
  public:
    /// Throws Error(model) when it cannot be read.
    explicit Mapped(const std::string& path);
    ~Mapped();
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

    std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

  private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace acuity::weights
