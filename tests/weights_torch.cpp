// PyTorch's files: every container gives the same tensors; hostile ones are refused at once.
// tests/parity/containers.py wrote tests/data/weights.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <limits>

#include "acuity/error.h"
#include "support.h"
#include "weights/pickle.h"
#include "weights/read.h"
#include "weights/zip.h"

using namespace acuity;
using namespace std::string_literals;
using test::bytesOf;
using test::contains;

namespace {

// Of the processor's time; sanitizers take several times as much.
#ifdef __SANITIZE_ADDRESS__
constexpr double kMostSeconds = 10;
#else
constexpr double kMostSeconds = 1;
#endif

const std::string kData = std::string(ACUITY_SOURCE) + "/tests/data/weights/";

/// Why the bytes are refused; "" when they are read. Fails when that takes more than a second.
std::string complaint(std::string_view bytes) {
    const std::clock_t start = std::clock();
    std::string said;
    try {
        const auto weights = weights::parse(bytes);
        for (const auto& [name, tensor] : weights.tensors) floats(tensor);
    } catch (const Error& error) {
        said = error.what();
        CHECK(error.kind() == Kind::model);
        CHECK_FALSE(said.empty());
    }
    CHECK(double(std::clock() - start) / CLOCKS_PER_SEC < kMostSeconds);
    return said;
}

std::string little(std::uint64_t value, int size) {
    std::string out;
    for (int i = 0; i < size; ++i, value >>= 8) out += static_cast<char>(value);
    return out;
}

std::uint32_t crc(const std::string& bytes) {
    std::uint32_t sum = ~0u;
    for (const unsigned char byte : bytes) {
        sum ^= byte;
        for (int i = 0; i < 8; ++i) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return ~sum;
}

struct Member {
    std::string name, packed;
    int method = 0;
    std::uint64_t size = 0;  // 0: as packed
    int flags = 0;
    std::uint32_t checksum = 0;  // 0: not checked, as torch.save can be asked to leave it
};

/// An archive; `large` writes all sizes as zip64 does.
std::string zip(const std::vector<Member>& members, bool large = false) {
    std::string out, directory;
    for (const Member& m : members) {
        const std::uint64_t size = m.size ? m.size : m.packed.size(), at = out.size();
        const auto field = [&](std::uint64_t value) { return little(large ? ~0u : value, 4); };
        const std::string head = little(m.flags, 2) + little(m.method, 2) + little(0, 4) +
                                 little(m.checksum, 4) + field(m.packed.size()) + field(size) +
                                 little(m.name.size(), 2);
        const std::string sizes = little(size, 8) + little(m.packed.size(), 8);
        const std::string extra = large ? little(1, 2) + little(24, 2) + sizes + little(at, 8) : "";
        out += "PK\3\4" + little(20, 2) + head + little(extra.size(), 2) + m.name + extra;
        out += m.packed;
        directory += "PK\1\2" + little(20, 2) + little(20, 2) + head + little(extra.size(), 2) +
                     little(0, 10) + field(at) + m.name + extra;
    }
    const std::uint64_t at = out.size(), end = at + directory.size(), count = members.size();
    out += directory;
    if (large)
        out += "PK\6\6" + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) +
               little(count, 8) + little(count, 8) + little(directory.size(), 8) + little(at, 8) +
               "PK\6\7" + little(0, 4) + little(end, 8) + little(1, 4);
    return out + "PK\5\6" + little(0, 4) + little(large ? 0xffff : count, 2) +
           little(large ? 0xffff : count, 2) + little(large ? ~0u : directory.size(), 4) +
           little(large ? ~0u : at, 4) + little(0, 2);
}

std::string text(const std::string& value) {
    return 'X' + little(value.size(), 4) + value;
}

std::string whole(std::int64_t value) {
    return "\x8a\x08" + little(std::uint64_t(value), 8);
}

std::string tuple(const std::vector<std::int64_t>& values) {
    std::string out = "(";
    for (const auto value : values) out += whole(value);
    return out + 't';
}

std::string storage(std::int64_t count, const std::string& type = "torch\nFloatStorage") {
    return '(' + text("storage") + 'c' + type + '\n' + text("0") + text("cpu") + whole(count) +
           "tQ";
}

std::string tensor(const std::string& storage, std::int64_t offset,
                   const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& steps) {
    return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + whole(offset) + tuple(shape) +
           tuple(steps) + "\x89)tR";
}

std::string dict(const std::string& items) {
    return "\x80\x02}(" + items + "u.";
}

/// A file with this pickle and one storage of 4 floats.
std::string file(const std::string& pickle) {
    return zip({{"a/data.pkl", pickle}, {"a/data/0", std::string(16, '\0')}});
}

/// One tensor "x" over a storage of 4 floats.
std::string window(std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& steps, std::int64_t count = 4) {
    return file(dict(text("x") + tensor(storage(count), offset, shape, steps)));
}

std::string repeated(const std::string& what, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += what;
    return out;
}

void same(const weights::Weights& one, const weights::Weights& other) {
    REQUIRE(one.tensors.size() == other.tensors.size());
    for (const auto& [name, tensor] : other.tensors) {
        INFO(name);
        REQUIRE(one.tensors.count(name) == 1);
        const auto& read = one.tensors.at(name);
        CHECK(read.type == tensor.type);
        CHECK(read.shape == tensor.shape);
        CHECK(read.bytes == tensor.bytes);
    }
}

/// Every file cut at every length and with every byte turned round is refused or read, quickly.
void damage(const std::string& bytes, const std::function<void(std::string_view)>& read) {
    for (std::size_t length = 0; length < bytes.size(); ++length)
        read(std::string(bytes, 0, length));  // a copy, so that sanitizers see what lies beyond
    std::string changed = bytes;
    for (char& byte : changed)
        for (const int mask : {0xff, 1, 0x80}) {
            byte = static_cast<char>(byte ^ mask);
            read(changed);
            byte = static_cast<char>(byte ^ mask);
        }
}

}  // namespace

TEST_CASE("every container of PyTorch gives the same tensors") {
    const auto expected = weights::read(kData + "expected.safetensors");
    REQUIRE(expected.tensors.size() == 16);
    const auto* name =
        GENERATE("new.pth", "legacy.pth", "protocol4.pth", "protocol5-legacy.pth", "deflated.pth",
                 "big-endian.pth", "ema.pth", "trained.pth", "only.pth", "nested.pth");
    INFO(name);
    same(weights::read(kData + name), expected);
}

TEST_CASE("stored tensors in order are views of the file") {
    const std::string bytes = bytesOf(kData + "new.pth");
    const auto weights = weights::parse(bytes);
    const auto inside = [&](const char* name) {
        const char* data = weights.tensors.at(name).bytes.data();
        return data >= bytes.data() && data < bytes.data() + bytes.size();
    };
    CHECK(inside("conv.weight"));
    CHECK(inside("slice"));
    CHECK_FALSE(inside("permuted"));
}

TEST_CASE("TorchScript gives its plain weights, and says when they are frozen into code") {
    const auto weights = weights::read(kData + "script.pt");
    REQUIRE(weights.tensors.size() == 2);
    CHECK(floats(weights.tensors.at("inner.weight")) == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(floats(weights.tensors.at("shift")) == std::vector<float>{1, 1});
    CHECK(contains(complaint(bytesOf(kData + "frozen.pt")), "frozen"));
}

TEST_CASE("real PyTorch files are read, but for the pickled module") {
    const std::string data = test::sharedData();
    if (data.empty()) return;
    const std::string folder = data + "weights/pth/";
    struct Real {
        const char *file, *tensor;
        weights::Shape shape;
        std::size_t count;
    };
    const auto real = GENERATE(Real{"DITN_Real_x4.pth", "sft.weight", {60, 3, 3, 3}, 122},
                               Real{"light_safmnpp.pth", "to_feat.weight", {32, 3, 3, 3}, 12},
                               Real{"realesr-animevideov3.pth", "body.0.weight", {64, 3, 3, 3}, 53},
                               Real{"rfdn_aim_x4.pth", "fea_conv.weight", {50, 3, 3, 3}, 128},
                               Real{"rlfn_x4.pth", "conv_1.weight", {52, 3, 3, 3}, 114});
    INFO(real.file);
    const auto weights = weights::read(folder + real.file);
    CHECK(weights.tensors.size() == real.count);
    REQUIRE(weights.tensors.count(real.tensor) == 1);
    CHECK(weights.tensors.at(real.tensor).shape == real.shape);
    for (const auto& [name, tensor] : weights.tensors) {
        const auto values = floats(tensor);
        CHECK(std::all_of(values.begin(), values.end(),
                          [](float value) { return std::abs(value) < 1000; }));
    }
    const std::string said = complaint(bytesOf(folder + "vdsr-pickled-module.pth"));
    CHECK(contains(said, "'vdsr.Net'"));
    CHECK(contains(said, "state_dict()"));
}

TEST_CASE("what is no state dict is named") {
    const auto said = [](const std::string& pickle) { return complaint(file(pickle)); };
    // A module with its tensors inside, alone and as an entry.
    const std::string module =
        "cnet\nNet\n)\x81}(" + text("weight") + tensor(storage(4), 0, {4}, {1}) + "ub";
    CHECK(contains(said("\x80\x02" + module + "."), "'net.Net'"));
    CHECK(contains(said(dict(text("model") + module + text("epoch") + "K\1")), "'net.Net'"));
    // What would run a program is but a name.
    CHECK(contains(said("\x80\x02"
                        "cos\nsystem\n(" +
                        text("touch /tmp/acuity") + "tR."),
                   "'os.system'"));
    CHECK(contains(said(dict(text("x") + "ctorch._utils\n_rebuild_qtensor\n)R")),
                   "'torch._utils._rebuild_qtensor'"));
    CHECK(contains(
        said(dict(text("x") + tensor("ctorch.storage\n_load_from_bytes\n)R", 0, {1}, {1}))),
        "'torch.storage._load_from_bytes'"));
    CHECK(contains(said(dict(text("x") + tensor(storage(4, "torch\nQInt8Storage"), 0, {1}, {1}))),
                   "'torch.QInt8Storage'"));
    CHECK(contains(said("\x80\x02" + tensor(storage(4), 0, {4}, {1}) + "."), "single tensor"));
    CHECK(contains(said(dict(text("epoch") + "K\1")), "no weights"));
    // Beside tensors it does not matter.
    CHECK(said(dict(text("x") + tensor(storage(4), 0, {2, 2}, {2, 1}) + text("date") +
                    "cdatetime\ndate\n)R")) == "");
    CHECK(contains(complaint("\x80\x02}q\1."), "PyTorch did not write"));
    CHECK(contains(complaint(zip({{"readme", "x"}})), "zip archive without weights"));
    CHECK(contains(complaint(zip({{"m/model.json", "{}"}})), "TorchScript"));
    CHECK(contains(complaint(std::string(257, 'a') + "ustar" + std::string(250, '\0')), "2017"));
    CHECK_FALSE(complaint("").empty());
    CHECK_FALSE(complaint(std::string(4096, '\0')).empty());
}

TEST_CASE("tensors stay within their storages") {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max(), big = 1ll << 32;
    CHECK(complaint(window(0, {4}, {1})) == "");
    CHECK(complaint(window(1, {3}, {1})) == "");
    CHECK(complaint(window(0, {2, 3}, {0, 1})) == "");
    CHECK(complaint(window(0, {0, 9}, {9, 1})) == "");
    CHECK(contains(complaint(window(1, {4}, {1})), "outside"));
    CHECK(contains(complaint(window(-1, {1}, {1})), "outside"));
    CHECK(contains(complaint(window(3, {2}, {-1})), "outside"));
    CHECK(contains(complaint(window(most, {1}, {1})), "outside"));
    CHECK(contains(complaint(window(0, {2}, {most})), "outside"));
    CHECK(contains(complaint(window(0, {3}, {1ll << 62})), "outside"));
    CHECK(contains(complaint(window(0, {most}, {1})), "too large"));
    CHECK(contains(complaint(window(0, {big, big}, {0, 0})), "too large"));
    CHECK(contains(complaint(window(0, {-2}, {1})), "negative"));
    CHECK(contains(complaint(window(0, {1 << 30}, {0})), "more than its storages hold"));
    CHECK(contains(complaint(window(0, {4}, {1, 1})), "shape"));
    CHECK(contains(complaint(window(0, {4}, {1}, 5)), "another size"));
    CHECK(contains(complaint(window(0, {4}, {1}, -1)), "too many"));
    CHECK(contains(complaint(window(0, {4}, {1}, 1ll << 62)), "too many"));
    CHECK(contains(
        complaint(zip({{"a/data.pkl", dict(text("x") + tensor(storage(4), 0, {4}, {1}))}})),
        "missing"));
    // Many that are modest one by one.
    const std::string large = tensor(storage(4), 0, {1 << 20}, {0});
    std::string items;
    for (int i = 0; i < 100; ++i) items += text(std::to_string(i)) + large;
    CHECK(contains(complaint(file(dict(items))), "more than its storages hold"));
}

TEST_CASE("pickles that grow, circle or nest end quickly") {
    const std::string x = text("x") + tensor(storage(4), 0, {4}, {1});
    // A dict that holds itself and a tensor, and one beside a tensor.
    CHECK(contains(complaint(file("\x80\x02}q\1(" + x + text("self") + "h\1u.")), "circle"));
    CHECK_FALSE(complaint(file("\x80\x02}q\1(" + text("a") + "h\1" + text("b") + "h\1u.")).empty());
    CHECK(complaint(file(dict(x + text("log") + "]q\2h\2a"))) == "");
    // Billion laughs: each dict holds the one before ten times.
    std::string laughs = "\x80\x02}q\1(" + x + "u0";
    for (int level = 2; level < 30; ++level) {
        laughs += "}q" + little(level, 1) + "(";
        for (int i = 0; i < 10; ++i) laughs += text(std::to_string(i)) + "h" + little(level - 1, 1);
        laughs += "u0";
    }
    CHECK_FALSE(complaint(file(laughs + "h\x1d.")).empty());
    // Names that double.
    std::string names = "\x80\x04" + text(std::string(100'000, 'a')) +
                        "q\1"
                        "0(";
    names += repeated("h\1h\1\x93", 10'000);
    CHECK_FALSE(complaint(file(names + "t.")).empty());
    // Depth, breadth, and objects for a byte each.
    CHECK_FALSE(complaint(file("\x80\x02" + repeated("]", 500'000) + repeated("a", 499'999) + "."))
                    .empty());
    CHECK(contains(complaint(file("\x80\x02(" + repeated("]", 3'000'000) + "t.")), "far more"));
    CHECK(contains(complaint(file("\x80\x02(" + repeated("N", 8'000'000) + "t.")), "far more"));
    CHECK(contains(complaint(file("\x80\x02" + repeated("(", 5'000'000) + ".")), "far more"));
    std::string deep = "\x80\x02" + repeated("}" + text("a"), 1000) + "}(" + x + "u";
    CHECK_FALSE(complaint(file(deep + repeated("s", 1000) + ".")).empty());
    // One large list of keys as the shape of many tensors, one large dict in many places.
    std::string sides = "\x80\x02](" + repeated("K\1", 200'000) +
                        "eq\1"
                        "0}(";
    for (int i = 0; i < 1000; ++i)
        sides += text(std::to_string(i)) + "ctorch._utils\n_rebuild_tensor\n(" + storage(4) +
                 "K\0h\1h\1tR";
    CHECK_FALSE(complaint(file(sides + "u.")).empty());
    std::string wide = "\x80\x02}(" + repeated("K\1N", 400'000) +
                       "uq\1"
                       "0}(" +
                       x;
    for (int i = 0; i < 10'000; ++i) wide += text(std::to_string(i)) + "h\1";
    CHECK_FALSE(complaint(file(wide + "u.")).empty());
    for (const char* bad : {".", "0.", "h\1.", "a.", "K\1K\1a.", "K\1K\1s.", "}K\1s.", "(.", "t.",
                            "R.", "Ix\n.", "Sx\n.", "\x82\1.", "\x97.", "\xff.", "\x80\6."}) {
        INFO(bad);
        CHECK_FALSE(complaint(file(bad)).empty());
    }
    CHECK_FALSE(complaint(file("\x80\x02\x8d" + little(~0ull, 8) + ".")).empty());
}

TEST_CASE("pickles of every protocol are understood") {
    using Object = weights::Object;
    const std::string text0 =
        "(lp0\nI1\naI01\naL-5L\naF2.5\naS'it\\'s'\np1\naVtext\naNa(I1\nI2\nta(dS'k'\nI3\nsag1\na.";
    const weights::Pickle zero(text0);
    const auto& items = zero.top().items;
    REQUIRE(items.size() == 10);
    CHECK(items[0]->integer == 1);
    CHECK(items[1]->is(Object::Kind::boolean));
    CHECK(items[2]->integer == -5);
    CHECK(items[3]->real == 2.5);
    CHECK(items[4]->text == "it's");
    CHECK(items[5]->text == "text");
    CHECK(items[6]->is(Object::Kind::none));
    CHECK(items[7]->items.size() == 2);
    CHECK(items[8]->items.at(1)->integer == 3);
    CHECK(items[9] == items[4]);
    const std::string text5 = "\x80\x05\x95" + std::string(8, '\0') +
                              "(J\xfe\xff\xff\xffM\x01\x02" +
                              std::string("G\x3f\xf8\0\0\0\0\0\0", 9) +
                              "\x8a\x01\xff\x8c\x02hi\x94h\0\x8f(\x8c\1a\x90t."s;
    const weights::Pickle five(text5);
    const auto& more = five.top().items;
    REQUIRE(more.size() == 7);
    CHECK(more[0]->integer == -2);
    CHECK(more[1]->integer == 0x201);
    CHECK(more[2]->real == 1.5);
    CHECK(more[3]->integer == -1);
    CHECK(more[4]->text == "hi");
    CHECK(more[5] == more[4]);
    CHECK(more[6]->items.size() == 1);
    CHECK(five.size() == text5.size());
}

TEST_CASE("archives: zip64 is read; bombs, overlaps and secrets are refused") {
    const std::string good = dict(text("x") + tensor(storage(4), 0, {4}, {1}));
    const std::string zeros(16, '\0');
    CHECK(complaint(zip({{"a/data.pkl", good}, {"a/data/0", zeros}}, true)) == "");
    const std::string noted = zip({{"data.pkl", good}, {"data/0", zeros}});
    CHECK(complaint(noted) == "");
    CHECK(complaint(noted + "x") == "");  // as other readers have it
    // A deflated block of stored bytes.
    const std::string block = "\1" + little(16, 2) + little(0xffef, 2) + zeros;
    const auto deflated = [&](std::uint64_t size, const std::string& packed) {
        return zip({{"a/data.pkl", good}, {"a/data/0", packed, 8, size}});
    };
    CHECK(complaint(deflated(16, block)) == "");
    CHECK(contains(complaint(deflated(15, block)), "unpack"));
    CHECK(contains(complaint(deflated(17, block)), "unpack"));
    CHECK(contains(complaint(deflated(16, "xxxx")), "unpack"));
    CHECK(contains(complaint(deflated(1 << 30, block)), "far more than weights"));
    CHECK(contains(complaint(deflated(0xfffffff0, std::string(5 << 20, '\0'))), "far more"));
    // A true bomb: repetitions of 258 bytes for 13 bits each, in a block of fixed codes.
    std::string bomb, bits =
                          "110"
                          "00110000";  // the last block, fixed; a literal zero
    for (int i = 0; i < 8; ++i)
        bits +=
            "11000101"
            "00000";
    while (bomb.size() < (3 << 20)) {
        for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
            int byte = 0;
            for (int bit = 0; bit < 8; ++bit) byte |= (bits[i + bit] - '0') << bit;
            bomb += static_cast<char>(byte);
        }
        bits = bits.substr(bits.size() / 8 * 8);
        for (int i = 0; i < 8; ++i)
            bits +=
                "11000101"
                "00000";
    }
    CHECK_FALSE(complaint(deflated(400 << 20, bomb)).empty());
    CHECK_FALSE(complaint(deflated(16, bomb)).empty());

    const auto one = [&](Member member) { return complaint(zip({{"a/data.pkl", good}, member})); };
    CHECK(one({"a/data/0", zeros, 0, 0, 0, crc(zeros)}) == "");
    CHECK(contains(one({"a/data/0", zeros, 0, 0, 0, 1}), "checksum"));
    CHECK(contains(one({"a/data/0", zeros, 0, 0, 1}), "encrypted"));
    CHECK(contains(one({"a/data/0", zeros, 14}), "method 14"));
    CHECK(contains(one({"a/data/0", zeros, 0, 17}), "two sizes"));
    CHECK(contains(complaint(zip({{"a/data.pkl", good}, {"b", ""}, {"b", ""}})), "two members"));
    // The second record of the directory leads to the first member, too.
    std::string twice = zip({{"a/data.pkl", good}, {"a/data/0", zeros}});
    twice.replace(twice.rfind("PK\1\2") + 42, 4, std::string(4, '\0'));
    CHECK(contains(complaint(twice), "overlap"));
    CHECK_FALSE(complaint("PK\3\4").empty());
    CHECK_FALSE(complaint("PK\5\6" + std::string(18, '\0')).empty());
    std::string many = zip({{"a/data.pkl", good}});
    many.replace(many.size() - 14, 4, "\xff\xfe\xff\xfe");
    CHECK(contains(complaint(many), "cut off"));
}

TEST_CASE("PyTorch files that are cut off or changed anywhere are refused or read, never worse") {
    const auto* name = GENERATE("deflated.pth", "legacy.pth", "script.pt");
    damage(bytesOf(kData + name), [](std::string_view bytes) {
        try {
            const auto weights = weights::parse(bytes);
            for (const auto& [key, tensor] : weights.tensors) floats(tensor);
        } catch (const Error& error) {
            if (error.kind() != Kind::model) FAIL(error.what());
        }
    });
    // Where checksums cover everything that is used, nothing passes unseen.
    const std::string whole = bytesOf(kData + "legacy.pth");
    for (std::size_t length = 0; length < whole.size(); ++length)
        REQUIRE_THROWS_AS(weights::parse(std::string_view(whole).substr(0, length)), Error);
}
