// Pickles (Python's streams of objects, protocols 0 to 5) taken apart without executing anything:
// a call is kept as the name of what would be called and with what, and means nothing until
// someone who knows the name looks at it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace acuity::weights {

struct Object {
    enum class Kind : std::uint8_t {
        none,
        boolean,     // integer
        integer,     // integer, cut to 64 bits; text: all of a long one's bytes, little-endian
        real,        // real
        text,        // text, mostly UTF-8
        bytes,       // text
        list,        // items; sets as well
        tuple,       // items
        dict,        // items: keys and values in turn, as they came
        global,      // text: "module.name"
        call,        // function, arguments; then state and items that were set on the result
        persistent,  // arguments: the name of something outside of the pickle
    };

    Kind kind = Kind::none;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view text;
    std::vector<const Object*> items;
    const Object* function = nullptr;
    const Object* arguments = nullptr;
    const Object* state = nullptr;

    bool is(Kind wanted) const { return kind == wanted; }
    /// Whether it is a call of the global `name`.
    bool calls(std::string_view name) const {
        return is(Kind::call) && function->is(Kind::global) && function->text == name;
    }
};

/// The objects of one pickle. They may refer to each other in circles.
class Pickle {
  public:
    /// Reads up to the pickle's end, which may lie before that of `bytes`; these must outlive the
    /// objects. Throws Error(model) when it is damaged or needs too much memory.
    explicit Pickle(std::string_view bytes);

    const Object& top() const { return *top_; }
    /// The bytes it took.
    std::size_t size() const { return size_; }
    /// What it names outside of itself, in the order of the stream.
    const std::vector<const Object*>& persistent() const { return persistent_; }

  private:
    friend class Unpickler;
    std::deque<Object> objects_;
    std::deque<std::string> texts_;
    std::vector<const Object*> persistent_;
    const Object* top_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace acuity::weights
