#include "weights/pickle.h"

#include <bit>
#include <charconv>
#include <unordered_map>

#include "base/error.h"
#include "weights/tensor.h"

namespace acuity::weights {

// A checkpoint of a thousand tensors has some 30,000 objects and 60,000 steps. These bound memory
// to a few hundred megabytes and time to a fraction of a second.
constexpr std::size_t kMostObjects = 1'000'000, kMostSteps = 4'000'000;
constexpr std::size_t kMostText = 64 << 20;  // bytes of decoded texts and names
constexpr std::size_t kMostName = 512;       // bytes of a module's or class's name

using Kind_ = Object::Kind;

class Unpickler {
  public:
    Unpickler(std::string_view bytes, Pickle& pickle) : bytes_(bytes), pickle_(pickle) {
        none_ = make(Kind_::none);
        true_ = make(Kind_::boolean);
        true_->integer = 1;
        false_ = make(Kind_::boolean);
    }

    void run() {
        for (std::size_t steps = 0;; ++steps) {
            if (steps > kMostSteps) tooMuch();
            const unsigned char opcode = byte();
            if (opcode == '.') break;
            if (!scalar(opcode) && !container(opcode) && !structure(opcode))
                damaged("its pickle holds an unknown instruction");
        }
        pickle_.top_ = pop();
        pickle_.size_ = at_;
    }

  private:
    [[noreturn]] static void tooMuch() {
        throw Error(Kind::model, "its pickle holds far more than the weights of a network");
    }

    // --- the stream

    std::string_view take(std::uint64_t count) {
        if (count > bytes_.size() - at_) damaged("its pickle is cut off");
        const std::string_view taken = bytes_.substr(at_, count);
        at_ += count;
        return taken;
    }

    unsigned char byte() { return static_cast<unsigned char>(take(1)[0]); }

    std::uint64_t number(int size) {
        const std::string_view raw = take(size);
        std::uint64_t value = 0;
        for (int i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(raw[i]);
        return value;
    }

    std::string_view line() {
        const auto end = bytes_.find('\n', at_);
        if (end == std::string_view::npos) damaged("its pickle is cut off");
        const std::string_view taken = take(end - at_);
        take(1);
        return taken;
    }

    std::uint32_t index() {
        const std::string_view text = line();
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
        if (error != std::errc() || end != text.end()) damaged("its pickle has a broken number");
        return value;
    }

    // --- objects

    Object* make(Kind_ kind) {
        if (pickle_.objects_.size() >= kMostObjects) tooMuch();
        Object& made = pickle_.objects_.emplace_back();
        made.kind = kind;
        return &made;
    }

    void push(Object* object) { stack_.push_back(object); }

    Object* pushed(Kind_ kind) {
        Object* object = make(kind);
        push(object);
        return object;
    }

    void pushText(Kind_ kind, std::string_view text) { pushed(kind)->text = text; }
    void pushInteger(std::int64_t value) { pushed(Kind_::integer)->integer = value; }

    Object* top() {
        if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
            damaged("its pickle takes what is not there");
        return stack_.back();
    }

    Object* pop() {
        Object* object = top();
        stack_.pop_back();
        return object;
    }

    // What was pushed since the last mark.
    std::vector<const Object*> sinceMark() {
        if (marks_.empty()) damaged("its pickle takes what is not there");
        std::vector<const Object*> items(stack_.begin() + std::ptrdiff_t(marks_.back()),
                                         stack_.end());
        stack_.resize(marks_.back());
        marks_.pop_back();
        return items;
    }

    std::string_view keep(std::string text) {
        textBytes_ += text.size();
        if (textBytes_ > kMostText) tooMuch();
        return pickle_.texts_.emplace_back(std::move(text));
    }

    Object* global(std::string_view module, std::string_view name) {
        if (module.size() + name.size() > kMostName) damaged("its pickle has an endless name");
        std::string whole(module);
        whole += '.';
        whole += name;
        Object* object = make(Kind_::global);
        object->text = keep(std::move(whole));
        return object;
    }

    void call(const Object* function, const Object* arguments) {
        Object* object = pushed(Kind_::call);
        object->function = function;
        object->arguments = arguments;
    }

    void refer(const Object* id) {
        Object* object = pushed(Kind_::persistent);
        object->arguments = id;
        pickle_.persistent_.push_back(object);
    }

    void append(Object* to, const std::vector<const Object*>& items) {
        if (to->is(Kind_::list))
            to->items.insert(to->items.end(), items.begin(), items.end());
        else if (!to->is(Kind_::call))  // a list of a class of its own: nothing we would look into
            damaged("its pickle appends to what is no list");
    }

    void set(Object* to, const std::vector<const Object*>& items) {
        if (!to->is(Kind_::dict) && !to->is(Kind_::call))
            damaged("its pickle sets items of what is no dictionary");
        if (items.size() % 2) damaged("its pickle has a key without a value");
        to->items.insert(to->items.end(), items.begin(), items.end());
    }

    void remember(std::uint32_t index) { memo_[index] = top(); }

    void recall(std::uint32_t index) {
        const auto found = memo_.find(index);
        if (found == memo_.end()) damaged("its pickle recalls what it never stored");
        push(found->second);
    }

    // --- numbers and texts

    // A whole number in two's complement of any length.
    void pushLong(std::string_view raw) {
        const bool negative = !raw.empty() && (raw.back() & 0x80);
        std::uint64_t value = negative ? ~0ull : 0;
        for (std::size_t i = std::min<std::size_t>(raw.size(), 8); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(raw[i]);
        Object* object = pushed(Kind_::integer);
        object->integer = static_cast<std::int64_t>(value);
        object->text = raw;
    }

    void pushDecimal(std::string_view text, bool maybeBoolean) {
        if (maybeBoolean && (text == "00" || text == "01"))
            return push(text == "01" ? true_ : false_);
        if (!text.empty() && text.back() == 'L') text.remove_suffix(1);
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
        if (end != text.end() || error == std::errc::invalid_argument)
            damaged("its pickle has a broken number");
        pushInteger(value);
    }

    void pushFloat(std::string_view text) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
        if (end != text.end() || error == std::errc::invalid_argument)
            damaged("its pickle has a broken number");
        pushed(Kind_::real)->real = value;
    }

    // A Python literal without its quotes. Only the escapes that names can need are undone.
    void pushLiteral(std::string_view text) {
        if (text.size() < 2 || text.front() != text.back() ||
            (text.front() != '\'' && text.front() != '"'))
            damaged("its pickle has a broken text");
        text = text.substr(1, text.size() - 2);
        std::string plain;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool escape = text[i] == '\\' && i + 1 < text.size() &&
                                std::string_view("\\'\"").find(text[i + 1]) != text.npos;
            plain += escape ? text[++i] : text[i];
        }
        pushText(Kind_::text, keep(std::move(plain)));
    }

    bool scalar(unsigned char opcode) {
        switch (opcode) {
            case 'N':
                push(none_);
                return true;
            case 0x88:
                push(true_);
                return true;
            case 0x89:
                push(false_);
                return true;
            case 'I':
                pushDecimal(line(), true);
                return true;
            case 'L':
                pushDecimal(line(), false);
                return true;
            case 'J':
                pushInteger(static_cast<std::int32_t>(number(4)));
                return true;
            case 'K':
                pushInteger(byte());
                return true;
            case 'M':
                pushInteger(static_cast<std::int64_t>(number(2)));
                return true;
            case 0x8a:
                pushLong(take(byte()));
                return true;
            case 0x8b:
                pushLong(take(number(4)));
                return true;
            case 'F':
                pushFloat(line());
                return true;
            case 'G': {
                std::uint64_t bits = 0;  // big-endian, unlike everything else
                for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
                pushed(Kind_::real)->real = std::bit_cast<double>(bits);
                return true;
            }
            case 'S':
                pushLiteral(line());
                return true;
            case 'V':
                pushText(Kind_::text, line());
                return true;
            case 'U':
            case 0x8c:
                pushText(Kind_::text, take(byte()));
                return true;
            case 'T':
            case 'X':
                pushText(Kind_::text, take(number(4)));
                return true;
            case 0x8d:
                pushText(Kind_::text, take(number(8)));
                return true;
            case 'C':
                pushText(Kind_::bytes, take(byte()));
                return true;
            case 'B':
                pushText(Kind_::bytes, take(number(4)));
                return true;
            case 0x8e:
            case 0x96:
                pushText(Kind_::bytes, take(number(8)));
                return true;
            default:
                return false;
        }
    }

    // --- lists, tuples, dictionaries

    void pushTuple(int count) {
        Object* tuple = make(Kind_::tuple);
        tuple->items.resize(count);
        for (int i = count; i-- > 0;) tuple->items[i] = pop();
        push(tuple);
    }

    bool container(unsigned char opcode) {
        switch (opcode) {
            case ']':
            case 0x8f:
                pushed(Kind_::list);
                return true;
            case '}':
                pushed(Kind_::dict);
                return true;
            case ')':
                pushed(Kind_::tuple);
                return true;
            case 0x85:
            case 0x86:
            case 0x87:
                pushTuple(opcode - 0x84);
                return true;
            case 'l':
            case 't':
            case 'd':
            case 0x91: {
                std::vector<const Object*> items = sinceMark();
                if (opcode == 'd' && items.size() % 2)
                    damaged("its pickle has a key without a value");
                const Kind_ kind = opcode == 't'   ? Kind_::tuple
                                   : opcode == 'd' ? Kind_::dict
                                                   : Kind_::list;
                pushed(kind)->items = std::move(items);
                return true;
            }
            case 'a': {
                const Object* item = pop();
                append(top(), {item});
                return true;
            }
            case 'e':
            case 0x90: {
                const auto items = sinceMark();
                append(top(), items);
                return true;
            }
            case 's': {
                const Object* value = pop();
                const Object* key = pop();
                set(top(), {key, value});
                return true;
            }
            case 'u': {
                const auto items = sinceMark();
                set(top(), items);
                return true;
            }
            default:
                return false;
        }
    }

    // --- the stack, the memo, and what would call Python

    bool structure(unsigned char opcode) {
        switch (opcode) {
            case 0x80:
                if (byte() > 5) damaged("its pickle is of a version yet unknown");
                return true;
            case 0x95:  // frames help those who read piecemeal
                number(8);
                return true;
            case '(':
                marks_.push_back(stack_.size());
                return true;
            case '0':
                if (!marks_.empty() && marks_.back() == stack_.size())
                    marks_.pop_back();
                else
                    pop();
                return true;
            case '1':
                sinceMark();
                return true;
            case '2':
                push(top());
                return true;
            case 'p':
                remember(index());
                return true;
            case 'q':
                remember(byte());
                return true;
            case 'r':
                remember(static_cast<std::uint32_t>(number(4)));
                return true;
            case 0x94:
                remember(static_cast<std::uint32_t>(memo_.size()));
                return true;
            case 'g':
                recall(index());
                return true;
            case 'h':
                recall(byte());
                return true;
            case 'j':
                recall(static_cast<std::uint32_t>(number(4)));
                return true;
            default:
                return calling(opcode);
        }
    }

    bool calling(unsigned char opcode) {
        switch (opcode) {
            case 'c': {
                const std::string_view module = line();
                push(global(module, line()));
                return true;
            }
            case 0x93: {
                const Object* name = pop();
                const Object* module = pop();
                if (!name->is(Kind_::text) || !module->is(Kind_::text))
                    damaged("its pickle has a broken name");
                push(global(module->text, name->text));
                return true;
            }
            case 'R':
            case 0x81: {
                const Object* arguments = pop();
                call(pop(), arguments);
                return true;
            }
            case 0x92: {
                pop();  // named arguments
                const Object* arguments = pop();
                call(pop(), arguments);
                return true;
            }
            case 'i': {
                const std::string_view module = line();
                const Object* function = global(module, line());
                Object* arguments = make(Kind_::tuple);
                arguments->items = sinceMark();
                call(function, arguments);
                return true;
            }
            case 'o': {
                auto items = sinceMark();
                if (items.empty()) damaged("its pickle takes what is not there");
                const Object* function = items.front();
                items.erase(items.begin());
                Object* arguments = make(Kind_::tuple);
                arguments->items = std::move(items);
                call(function, arguments);
                return true;
            }
            case 'b': {
                const Object* state = pop();
                Object* object = top();
                if (object->is(Kind_::call)) object->state = state;
                return true;
            }
            case 'P': {
                Object* id = make(Kind_::text);
                id->text = line();
                refer(id);
                return true;
            }
            case 'Q':
                refer(pop());
                return true;
            default:
                return false;
        }
    }

    std::string_view bytes_;
    Pickle& pickle_;
    std::size_t at_ = 0, textBytes_ = 0;
    std::vector<Object*> stack_;
    std::vector<std::size_t> marks_;  // how many lay below each mark
    std::unordered_map<std::uint32_t, Object*> memo_;
    Object *none_, *true_, *false_;
};

Pickle::Pickle(std::string_view bytes) {
    Unpickler(bytes, *this).run();
}

}  // namespace acuity::weights
