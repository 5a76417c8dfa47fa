#include "weights/pickle.h"

#include <algorithm>
#include <array>
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
        static const auto instructions = table();
        for (std::size_t steps = 0;; ++steps) {
            if (steps > kMostSteps) tooMuch();
            const unsigned char opcode = byte();
            if (opcode == '.') break;
            if (!instructions[opcode]) damaged("its pickle holds an unknown instruction");
            instructions[opcode](*this);
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

    void remember(std::uint64_t index) { memo_[index] = top(); }

    void recall(std::uint64_t index) {
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

    // Eight bytes, big-endian unlike everything else.
    void pushDouble() {
        std::uint64_t bits = 0;
        for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
        pushed(Kind_::real)->real = std::bit_cast<double>(bits);
    }

    // --- lists, tuples, dictionaries

    void pushTuple(int count) {
        Object* tuple = make(Kind_::tuple);
        tuple->items.resize(count);
        for (int i = count; i-- > 0;) tuple->items[i] = pop();
        push(tuple);
    }

    void collect(Kind_ kind) {
        std::vector<const Object*> items = sinceMark();
        if (kind == Kind_::dict && items.size() % 2)
            damaged("its pickle has a key without a value");
        pushed(kind)->items = std::move(items);
    }

    void appendOne() {
        const Object* item = pop();
        append(top(), {item});
    }

    void appendMany() {
        const auto items = sinceMark();
        append(top(), items);
    }

    void setOne() {
        const Object* value = pop();
        const Object* key = pop();
        set(top(), {key, value});
    }

    void setMany() {
        const auto items = sinceMark();
        set(top(), items);
    }

    // --- the stack, and what would call Python

    void mark() { marks_.push_back(stack_.size()); }

    void drop() {
        if (!marks_.empty() && marks_.back() == stack_.size())
            marks_.pop_back();
        else
            pop();
    }

    void checkVersion() {
        if (byte() > 5) damaged("its pickle is of a version yet unknown");
    }

    Object* globalOfLines() {
        const std::string_view module = line();
        return global(module, line());
    }

    void pushGlobal() {
        const Object* name = pop();
        const Object* module = pop();
        if (!name->is(Kind_::text) || !module->is(Kind_::text))
            damaged("its pickle has a broken name");
        push(global(module->text, name->text));
    }

    void callTop() {
        const Object* arguments = pop();
        call(pop(), arguments);
    }

    void callItems(const Object* function, std::vector<const Object*> items) {
        Object* arguments = make(Kind_::tuple);
        arguments->items = std::move(items);
        call(function, arguments);
    }

    void callSinceMark() {
        auto items = sinceMark();
        if (items.empty()) damaged("its pickle takes what is not there");
        const Object* function = items.front();
        items.erase(items.begin());
        callItems(function, std::move(items));
    }

    void setState() {
        const Object* state = pop();
        if (Object* object = top(); object->is(Kind_::call)) object->state = state;
    }

    void referToLine() {
        Object* id = make(Kind_::text);
        id->text = line();
        refer(id);
    }

    // --- the instructions, as Python's pickletools names them

    using U = Unpickler;
    using Instruction = void (*)(U&);

    static std::array<Instruction, 256> table() {
        std::array<Instruction, 256> all{};
        all['N'] = [](U& u) { u.push(u.none_); };                           // NONE
        all[0x88] = [](U& u) { u.push(u.true_); };                          // NEWTRUE
        all[0x89] = [](U& u) { u.push(u.false_); };                         // NEWFALSE
        all['I'] = [](U& u) { u.pushDecimal(u.line(), true); };             // INT
        all['L'] = [](U& u) { u.pushDecimal(u.line(), false); };            // LONG
        all['J'] = [](U& u) { u.pushInteger(std::int32_t(u.number(4))); };  // BININT
        all['K'] = [](U& u) { u.pushInteger(u.byte()); };                   // BININT1
        all['M'] = [](U& u) { u.pushInteger(std::int64_t(u.number(2))); };  // BININT2
        all[0x8a] = [](U& u) { u.pushLong(u.take(u.byte())); };             // LONG1
        all[0x8b] = [](U& u) { u.pushLong(u.take(u.number(4))); };          // LONG4
        all['F'] = [](U& u) { u.pushFloat(u.line()); };                     // FLOAT
        all['G'] = [](U& u) { u.pushDouble(); };                            // BINFLOAT

        all['S'] = [](U& u) { u.pushLiteral(u.line()); };                        // STRING
        all['V'] = [](U& u) { u.pushText(Kind_::text, u.line()); };              // UNICODE
        all['T'] = [](U& u) { u.pushText(Kind_::text, u.take(u.number(4))); };   // BINSTRING
        all['X'] = all['T'];                                                     // BINUNICODE
        all['U'] = [](U& u) { u.pushText(Kind_::text, u.take(u.byte())); };      // SHORT_BINSTRING
        all[0x8c] = all['U'];                                                    // SHORT_BINUNICODE
        all[0x8d] = [](U& u) { u.pushText(Kind_::text, u.take(u.number(8))); };  // BINUNICODE8
        all['C'] = [](U& u) { u.pushText(Kind_::bytes, u.take(u.byte())); };     // SHORT_BINBYTES
        all['B'] = [](U& u) { u.pushText(Kind_::bytes, u.take(u.number(4))); };  // BINBYTES
        all[0x8e] = [](U& u) { u.pushText(Kind_::bytes, u.take(u.number(8))); };  // BINBYTES8
        all[0x96] = all[0x8e];                                                    // BYTEARRAY8

        all[']'] = [](U& u) { u.pushed(Kind_::list); };    // EMPTY_LIST
        all[0x8f] = all[']'];                              // EMPTY_SET
        all['}'] = [](U& u) { u.pushed(Kind_::dict); };    // EMPTY_DICT
        all[')'] = [](U& u) { u.pushed(Kind_::tuple); };   // EMPTY_TUPLE
        all[0x85] = [](U& u) { u.pushTuple(1); };          // TUPLE1
        all[0x86] = [](U& u) { u.pushTuple(2); };          // TUPLE2
        all[0x87] = [](U& u) { u.pushTuple(3); };          // TUPLE3
        all['t'] = [](U& u) { u.collect(Kind_::tuple); };  // TUPLE
        all['l'] = [](U& u) { u.collect(Kind_::list); };   // LIST
        all[0x91] = all['l'];                              // FROZENSET
        all['d'] = [](U& u) { u.collect(Kind_::dict); };   // DICT
        all['a'] = [](U& u) { u.appendOne(); };            // APPEND
        all['e'] = [](U& u) { u.appendMany(); };           // APPENDS
        all[0x90] = all['e'];                              // ADDITEMS
        all['s'] = [](U& u) { u.setOne(); };               // SETITEM
        all['u'] = [](U& u) { u.setMany(); };              // SETITEMS

        all[0x80] = [](U& u) { u.checkVersion(); };            // PROTO
        all[0x95] = [](U& u) { u.number(8); };                 // FRAME, for piecemeal reads
        all['('] = [](U& u) { u.mark(); };                     // MARK
        all['0'] = [](U& u) { u.drop(); };                     // POP
        all['1'] = [](U& u) { u.sinceMark(); };                // POP_MARK
        all['2'] = [](U& u) { u.push(u.top()); };              // DUP
        all['p'] = [](U& u) { u.remember(u.index()); };        // PUT
        all['q'] = [](U& u) { u.remember(u.byte()); };         // BINPUT
        all['r'] = [](U& u) { u.remember(u.number(4)); };      // LONG_BINPUT
        all[0x94] = [](U& u) { u.remember(u.memo_.size()); };  // MEMOIZE
        all['g'] = [](U& u) { u.recall(u.index()); };          // GET
        all['h'] = [](U& u) { u.recall(u.byte()); };           // BINGET
        all['j'] = [](U& u) { u.recall(u.number(4)); };        // LONG_BINGET

        all['c'] = [](U& u) { u.push(u.globalOfLines()); };                      // GLOBAL
        all[0x93] = [](U& u) { u.pushGlobal(); };                                // STACK_GLOBAL
        all['R'] = [](U& u) { u.callTop(); };                                    // REDUCE
        all[0x81] = all['R'];                                                    // NEWOBJ
        all[0x92] = [](U& u) { u.pop(), u.callTop(); };                          // NEWOBJ_EX
        all['i'] = [](U& u) { u.callItems(u.globalOfLines(), u.sinceMark()); };  // INST
        all['o'] = [](U& u) { u.callSinceMark(); };                              // OBJ
        all['b'] = [](U& u) { u.setState(); };                                   // BUILD
        all['P'] = [](U& u) { u.referToLine(); };                                // PERSID
        all['Q'] = [](U& u) { u.refer(u.pop()); };                               // BINPERSID
        return all;
    }

    std::string_view bytes_;
    Pickle& pickle_;
    std::size_t at_ = 0, textBytes_ = 0;
    std::vector<Object*> stack_;
    std::vector<std::size_t> marks_;  // how many lay below each mark
    std::unordered_map<std::uint64_t, Object*> memo_;
    Object *none_, *true_, *false_;
};

Pickle::Pickle(std::string_view bytes) {
    Unpickler(bytes, *this).run();
}

}  // namespace acuity::weights
