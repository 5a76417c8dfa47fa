// Safetensors: what is read, and what hostile headers get.
#include <catch2/catch.hpp>

#include <ctime>
#include <limits>

#include "acuity/error.h"
#include "support.h"
#include "weights/read.h"

using namespace acuity;
using test::contains;

namespace {

// Of the processor's time; sanitizers take several times as much.
#ifdef __SANITIZE_ADDRESS__
constexpr double kMostSeconds = 10;
#else
constexpr double kMostSeconds = 1;
#endif

std::string file(const std::string& header, const std::string& data = "",
                 std::uint64_t length = 0) {
    if (length == 0) length = header.size();
    std::string out;
    for (int i = 0; i < 8; ++i) out += static_cast<char>(length >> 8 * i);
    return out + header + data;
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
    return '"' + name + R"(":{"dtype":")" + type + R"(","shape":[)" + shape +
           R"(],"data_offsets":[)" + offsets + "]}";
}

std::string one(const std::string& type, const std::string& shape, const std::string& offsets,
                std::size_t bytes) {
    return file('{' + entry("x", type, shape, offsets) + '}', std::string(bytes, '\1'));
}

std::string complaint(const std::string& bytes) {
    const std::clock_t start = std::clock();
    std::string said;
    try {
        const auto weights = weights::parse(bytes);
        for (const auto& [name, tensor] : weights.tensors) floats(tensor);
    } catch (const Error& error) {
        said = error.what();
        CHECK(error.kind() == Kind::model);
    }
    CHECK(double(std::clock() - start) / CLOCKS_PER_SEC < kMostSeconds);
    return said;
}

}  // namespace

TEST_CASE("safetensors of every type, size and alignment are read") {
    // 1.5 in each type of floats, behind one byte so that nothing is aligned.
    const std::string data(
        "\0"
        "\0\0\xc0\x3f"
        "\0\x3e"
        "\xc0\x3f"
        "\x3c"
        "\x3e"
        "\0\0\0\0\0\0\xf8\x3f",
        19);
    const std::string bytes = file(
        "{\"__metadata__\":{\"format\":\"pt\"}," + entry("u8", "U8", "", "0,1") + ',' +
            entry("f32", "F32", "1,1", "1,5") + ',' + entry("f16", "F16", "1", "5,7") + ',' +
            entry("bf16", "BF16", "1", "7,9") + ',' + entry("e4m3", "F8_E4M3", "1", "9,10") + ',' +
            entry("e5m2", "F8_E5M2", "1", "10,11") + ',' + entry("f64", "F64", "1", "11,19") + ',' +
            entry("none", "F32", "0,7", "19,19") + "}   ",
        data);
    const auto weights = weights::parse(bytes);
    REQUIRE(weights.tensors.size() == 8);
    for (const char* name : {"f32", "f16", "bf16", "e4m3", "e5m2", "f64"}) {
        INFO(name);
        CHECK(floats(weights.tensors.at(name)) == std::vector<float>{1.5f});
    }
    CHECK(weights.tensors.at("u8").shape.empty());
    CHECK(weights.tensors.at("none").bytes.empty());
    CHECK(weights.metadata.at("format") == "pt");
    CHECK(weights::parse(file("{}")).tensors.empty());
}

TEST_CASE("safetensors that claim what is not there are refused") {
    CHECK(complaint(one("F32", "2", "0,8", 8)) == "");
    CHECK(contains(complaint(one("F32", "2", "0,8", 7)), "outside"));
    CHECK(contains(complaint(one("F32", "2", "0,4", 8)), "outside"));
    CHECK(contains(complaint(one("F32", "2", "8,0", 8)), "outside"));
    CHECK(contains(complaint(one("F32", "9223372036854775807", "0,8", 8)), "too large"));
    CHECK(contains(complaint(one("F32", "18446744073709551615", "0,8", 8)), "too large"));
    CHECK(contains(complaint(one("F32", "4294967296,4294967296", "0,0", 8)), "too large"));
    CHECK(contains(complaint(one("F32", "2", "18446744073709551608,0", 8)), "outside"));
    CHECK(contains(complaint(one("C64", "1", "0,8", 8)), "'C64'"));
    const std::string a = entry("a", "U8", "4", "0,4");
    CHECK(contains(complaint(file('{' + a + ',' + entry("b", "U8", "4", "3,7") + '}', "1234567")),
                   "overlap"));
    CHECK(contains(complaint(file('{' + a + ',' + a + '}', "1234")), "two tensors"));
    CHECK(contains(complaint(file('{' + a + '}', "1234", 1 << 20)), "cut off"));
    CHECK_FALSE(complaint(file("{}", "", 1ull << 63)).empty());
    for (const char* header :
         {"{\"x\":5}", "{\"x\":{}}", "{\"x\":{\"dtype\":\"F32\"}}", "{\"x\":[]}", "{\"x\":null}",
          "{\"x\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}",
          "{\"x\":{\"dtype\":\"U8\",\"shape\":[1.5],\"data_offsets\":[0,0]}}",
          "{\"x\":{\"dtype\":\"U8\",\"shape\":[[1]],\"data_offsets\":[0,0]}}",
          "{\"x\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,0]}}",
          "{\"x\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,0]}}",
          "{\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0,0]}}",
          "{\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0]}}",
          "{\"__metadata__\":{\"a\":{}}}", "{\"__metadata__\":5}", "{", "{\"x\"", "{} x"}) {
        INFO(header);
        CHECK_FALSE(complaint(file(header)).empty());
    }
}

TEST_CASE("safetensors headers that nest or never end are refused at once") {
    CHECK_FALSE(complaint(file('{' + std::string(10 << 20, '['))).empty());
    std::string nested;
    for (int i = 0; i < 300'000; ++i) nested += "{\"a\":";
    CHECK_FALSE(complaint(file(nested)).empty());
    std::string sides = "1";
    for (int i = 0; i < 300'000; ++i) sides += ",1";
    CHECK_FALSE(complaint(one("U8", sides, "0,1", 1)).empty());
    CHECK_FALSE(complaint(file("{\"" + std::string(10 << 20, 'a'))).empty());
    std::string many = "{";
    for (int i = 0; i < 100'000; ++i) many += entry(std::to_string(i), "U8", "0", "0,0") + ',';
    CHECK_FALSE(complaint(file(many + entry("x", "U8", "0", "0,0") + '}')).empty());
}

TEST_CASE("safetensors that are cut off or changed anywhere are refused or read, never worse") {
    const std::string bytes =
        test::bytesOf(std::string(ACUITY_SOURCE) + "/tests/data/weights/expected.safetensors");
    for (std::size_t length = 0; length < bytes.size(); ++length)
        REQUIRE_THROWS_AS(weights::parse(std::string(bytes, 0, length)), Error);
    std::string changed = bytes;
    for (char& byte : changed)
        for (const int mask : {0xff, 1, 0x80}) {
            byte = static_cast<char>(byte ^ mask);
            try {
                const auto weights = weights::parse(changed);
                for (const auto& [name, tensor] : weights.tensors) floats(tensor);
            } catch (const Error& error) {
                if (error.kind() != Kind::model) FAIL(error.what());
            }
            byte = static_cast<char>(byte ^ mask);
        }
}
