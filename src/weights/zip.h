// Zip archives from strangers, as PyTorch's files are: stored and deflated members, zip64.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace acuity::weights {

class Zip {
  public:
    struct Member {
        std::string_view packed;  // its bytes as they lie in the archive
        std::uint64_t size = 0;   // in bytes, unpacked
        std::uint32_t checksum = 0;
        int method = 0;               // 0 stored, 8 deflated
        std::string_view unpacked{};  // once it was read
    };

    static bool is(std::string_view bytes);  // whether it begins as an archive with members does

    /// Reads the directory; `bytes` must outlive the archive. Throws Error(model) when it is
    /// damaged, or when members are encrypted, overlap or lie outside.
    explicit Zip(std::string_view bytes);

    /// All members but folders, by their full names.
    const std::map<std::string, Member>& members() const { return members_; }
    bool has(const std::string& name) const { return members_.count(name) > 0; }

    /// The contents of a member, its checksum checked. A stored member is a view of the archive;
    /// others are unpacked once and live as long as the archive object. Throws Error(model) when
    /// there is no such member, when it is damaged, or when the members read so far exceed what
    /// weights can reasonably shrink to.
    std::string_view read(const std::string& name);

  private:
    std::string_view inflate(const Member& member, const std::string& name);

    std::string_view bytes_;
    std::map<std::string, Member> members_;
    std::deque<std::string> inflated_;
    std::uint64_t inflatedBytes_ = 0;
};

}  // namespace acuity::weights
