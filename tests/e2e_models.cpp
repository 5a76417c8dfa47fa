// The user's own models, through the real program: added, listed, checked, removed.
#include <signal.h>

#include <chrono>
#include <thread>

#include "model_home.h"

using namespace acuity::test;

TEST_CASE("a model is added, listed, described, used, verified and removed") {
    const Home home;
    const Result added = home.models_({"add", home.file, "--name", "my-model_1.5", "--licence",
                                       "CC-BY-4.0", "--model-option", "scale=2"});
    INFO(added.err);
    REQUIRE(added.status == 0);
    CHECK(contains(added.out, "my-model_1.5 enlarges by 2"));
    CHECK(files(home.models) == std::set<std::string>{"my-model_1.5.json", "my-model_1.5.onnx"});

    const json listed = home.listed("my-model_1.5");
    REQUIRE(listed.is_object());
    CHECK(listed.at("origin") == "user");
    CHECK(listed.at("licence") == "CC-BY-4.0");
    CHECK(home.listed("faithful-x2").at("origin") == "shipped");
    CHECK(contains(home.models_({"list"}).out, "my-model_1.5"));

    const json info = json::parse(home.models_({"info", "my-model_1.5", "--json"}).out);
    CHECK(info.at("halo") == 18);
    CHECK(info.at("source") == "foreign.onnx");
    CHECK(info.at("options").at("scale") == "2");
    CHECK(info.at("parameters").get<double>() > 5e5);
    CHECK(info.at("operations_per_pixel").get<double>() > 5e5);
    CHECK(info.at("operators").at("Conv") == 18);
    CHECK(info.at("speed").at("megapixels_per_second").get<double>() > 0);
    const Result text = home.models_({"info", home.file, "--no-speed"});
    CHECK(contains(text.out, "multiply-adds per pixel"));
    CHECK_FALSE(contains(text.out, "speed here"));

    // It gives what the file it came from gives.
    paint(home.folder / "in.png", 40, 30);
    const std::string in = home.folder / "in.png", own = home.folder / "own.png",
                      byPath = home.folder / "path.png";
    REQUIRE(home.run({in, "-m", "my-model_1.5", "-s", "2", "-o", own}).status == 0);
    REQUIRE(home.run({in, "-m", home.file, "-s", "2", "-o", byPath}).status == 0);
    CHECK(sizeOf(own) == "80x60");
    CHECK(samePixels(own, byPath));

    const Result verified = home.models_({"verify"});
    CHECK(verified.status == 0);
    CHECK(contains(verified.out, "my-model_1.5: good"));

    CHECK(home.models_({"remove", "my-model_1.5"}).status == 0);
    CHECK(files(home.models).empty());
    CHECK(home.listed("my-model_1.5").is_null());
    CHECK(fs::exists(home.file));
    checkRefusal(home.models_({"remove", "my-model_1.5"}), "there is no model", 2);
}

TEST_CASE("the name comes from the file, the folder from the environment") {
    const Home home;
    Io io;
    io.env = {{"ACUITY_USER_MODELS", ""}, {"XDG_DATA_HOME", home.folder / "data"}};
    REQUIRE(run({"models", "add", home.file}, io).status == 0);
    CHECK(fs::exists(home.folder / "data/acuity/models/foreign.json"));
    io.env = {{"ACUITY_USER_MODELS", ""}, {"XDG_DATA_HOME", ""}, {"HOME", home.folder / "me"}};
    REQUIRE(run({"models", "add", home.file}, io).status == 0);
    CHECK(fs::exists(home.folder / "me/.local/share/acuity/models/foreign.onnx"));
}

TEST_CASE("names that are taken or could do harm are refused, and change nothing") {
    const Home home;
    REQUIRE(home.models_({"add", home.file, "--name", "mine"}).status == 0);
    const auto before = files(home.models);
    for (const std::string name :
         {"mine", "faithful-x2", "faithful", "faithful-x3", "auto", "bicubic", "../up", "a/b",
          ".hidden", "a b", "", "x.onnx", "x.json", "weiß"}) {
        INFO(name);
        if (name.empty()) continue;
        checkRefusal(home.models_({"add", home.file, "--name", name}), "'", 2);
    }
    CHECK(files(home.models) == before);
    checkRefusal(home.models_({"remove", "faithful-x2"}), "stays", 2);
    checkRefusal(home.models_({"remove", "../foreign"}), "there is no model", 2);
    CHECK(fs::exists(home.file));
}

TEST_CASE("what runs by its path can be added, however its file is called") {
    const Home home;
    const std::string weights =
        std::string(ACUITY_SOURCE) + "/tests/data/parity/compact-x2.safetensors";
    fs::copy_file(weights, home.folder / "pytorch_model.bin");
    REQUIRE(home.models_({"add", home.folder / "pytorch_model.bin", "--name", "plain"}).status ==
            0);
    CHECK(fs::exists(home.models + "/plain.bin"));
    fs::copy_file(weights, home.folder / "LOUD.PTH");
    CHECK(home.models_({"add", home.folder / "LOUD.PTH"}).status == 0);
    paint(home.folder / "in.png", 20, 20);
    Io io = home.io();
    io.cwd = home.folder.path().string();
    CHECK(run({"in.png", "-m", "LOUD.PTH", "-s", "2", "-o", "loud.png"}, io).status == 0);
    CHECK(run({"in.png", "-m", "plain", "-s", "2", "-o", "plain.png"}, io).status == 0);
    CHECK(samePixels(home.folder / "loud.png", home.folder / "plain.png"));
}

TEST_CASE("a card with a slip in it hides no other model") {
    const Home home;
    REQUIRE(home.models_({"add", home.file, "--name", "mine"}).status == 0);
    writeBytes(home.models + "/odd.json", R"({"scale": 4, "halo": 2, "licence": 5})");
    const Result listed = home.models_({"list"});
    CHECK(listed.status == 0);
    CHECK(contains(listed.out, "mine"));
    CHECK(contains(home.models_({"verify"}).err, "odd.json"));
}

TEST_CASE("a shipped model wins over one of the same name put there by hand") {
    const Home home;
    writeBytes(home.models + "/faithful-x2.json", R"({"scale": 4, "halo": 1})");
    writeBytes(home.models + "/faithful-x2.onnx", "nonsense");
    CHECK(home.listed("faithful-x2").at("origin") == "shipped");
    paint(home.folder / "in.png", 20, 20);
    CHECK(home.run({home.folder / "in.png", "-m", "faithful-x2", "-s", "2", "-o",
                    home.folder / "o.png"})
              .status == 0);
}

TEST_CASE("what does not run is not added") {
    const Home home;
    const std::string whole = bytesOf(home.file);
    writeBytes(home.folder / "half.onnx", whole.substr(0, whole.size() / 2));
    writeBytes(home.folder / "empty.onnx", "");
    writeBytes(home.folder / "words.onnx", "these are words, no weights");
    writeBytes(home.folder / "lonely.param", "7767517\n1 1\n");
    for (const std::string file :
         {"half.onnx", "empty.onnx", "words.onnx", "lonely.param", "missing.pth"}) {
        INFO(file);
        const Result result = home.models_({"add", home.folder / file});
        checkRefusal(result, fs::path(file).stem());
    }
    CHECK(files(home.models).empty());
}

TEST_CASE("damage is found by verify, and a damaged card harms no other model") {
    const Home home;
    REQUIRE(home.models_({"add", home.file, "--name", "one"}).status == 0);
    REQUIRE(home.models_({"add", home.file, "--name", "two"}).status == 0);
    std::string bytes = bytesOf(home.models + "/one.onnx");
    bytes[bytes.size() / 2] ^= 1;
    writeBytes(home.models + "/one.onnx", bytes);
    writeBytes(home.models + "/three.json", "{\"scale\": ");
    writeBytes(home.models + "/four.json",
               R"({"scale": 2, "halo": 1, "files": [{"name": "../foreign.onnx", "sha256": ""}]})");
    const Result result = home.models_({"verify"});
    CHECK(result.status == 1);
    CHECK(contains(result.out, "two: good"));
    CHECK_FALSE(contains(result.out, "one: good"));
    for (const char* name : {"'one'", "three.json", "four.json"}) CHECK(contains(result.err, name));
    CHECK(lines(result.err).size() == 3);
    CHECK(home.listed("two").is_object());
    CHECK(home.listed("four").is_null());
    checkRefusal(home.models_({"info", "four"}), "four.json");
    for (const char* name : {"one", "three", "four"})
        CHECK(home.models_({"remove", name}).status == 0);
    CHECK(home.models_({"verify"}).status == 0);
    CHECK(fs::exists(home.file));
}

TEST_CASE("an addition killed at any moment leaves a whole model or none") {
    const Home home;
    for (int delay = 5; delay < 260; delay += 30) {
        Program program({"models", "add", home.file, "--name", "killed"}, home.io());
        std::this_thread::sleep_for(std::chrono::milliseconds(delay));
        program.signal(SIGKILL);
        program.finish();
        const bool there = fs::exists(home.models + "/killed.json");
        CHECK(home.listed("killed").is_object() == there);
        CHECK(home.models_({"verify"}).status == 0);
        if (there) REQUIRE(home.models_({"remove", "killed"}).status == 0);
    }
    CHECK(home.models_({"add", home.file, "--name", "killed"}).status == 0);
    CHECK(home.models_({"verify"}).status == 0);
    CHECK(files(home.models) == std::set<std::string>{"killed.json", "killed.onnx"});
}

TEST_CASE("weights of other kinds are added as they are, and run under their new name") {
    const Home home;
    const std::string file =
        std::string(ACUITY_SOURCE) + "/tests/data/parity/compact-x2.safetensors";
    REQUIRE(home.models_({"add", file, "--name", "small"}).status == 0);
    CHECK(files(home.models) == std::set<std::string>{"small.json", "small.safetensors"});
    CHECK(bytesOf(home.models + "/small.safetensors") == bytesOf(file));
    const json info = json::parse(home.models_({"info", "small", "--json", "--no-speed"}).out);
    CHECK(info.at("family") == "Compact");
    CHECK(info.at("source") == "compact-x2.safetensors");
    CHECK_FALSE(info.contains("speed"));
    const std::string in = home.folder / "in.png", own = home.folder / "own.png",
                      byPath = home.folder / "path.png";
    paint(in, 40, 30);
    REQUIRE(home.run({in, "-m", "small", "-s", "2", "-o", own}).status == 0);
    REQUIRE(home.run({in, "-m", file, "-s", "2", "-o", byPath}).status == 0);
    CHECK(samePixels(own, byPath));
}
