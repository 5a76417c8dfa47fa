// The user's models and the catalogue, through the real program and a server of our own.
#include <httplib.h>
#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "model/checksum.h"
#include "support.h"

using namespace acuity::test;
using nlohmann::json;

namespace {

/// A folder with an empty place for models, a model file and a way to run the program there.
struct Home {
    Folder folder;
    std::string models = folder / "models";
    std::string file = folder / "foreign.onnx";

    Home() { writeBytes(file, bytesOf(shippedModel("faithful-x2"))); }

    Io io() const {
        Io io;
        io.env = {{"ACUITY_USER_MODELS", models}, {"ACUITY_CACHE", folder.path().string()}};
        return io;
    }
    Result run(std::vector<std::string> words) const { return acuity::test::run(words, io()); }
    Result models_(std::vector<std::string> words) const {
        words.insert(words.begin(), "models");
        return run(words);
    }
    /// The entry of `models list --json`, or null.
    json listed(const std::string& name) const {
        for (const json& each : json::parse(models_({"list", "--json"}).out))
            if (each.at("name") == name) return each;
        return nullptr;
    }
};

/// One line that names what is wrong, and the status that says that nothing could start.
void checkRefusal(const Result& result, const std::string& part, int status = 3) {
    INFO(result.err);
    CHECK(result.status == status);
    CHECK(contains(result.err, part));
    CHECK(lines(result.err).size() == (status == 2 ? 2 : 1));
}

void waitFor(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000 && !condition(); i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(condition());
}

/// Serves a model in all the ways in which servers do, and some in which they should not.
class Server {
  public:
    explicit Server(std::string content) : content_(std::move(content)) {
        const auto plain = [this](const httplib::Request& request, httplib::Response& response) {
            note(request);
            response.set_content(content_, "application/octet-stream");
        };
        const auto leadTo = [](const std::string& target) {
            return [target](const httplib::Request&, httplib::Response& response) {
                response.set_redirect(target);
            };
        };
        server_.Get("/whole.onnx", plain);
        server_.Get("/sub/moved.onnx", leadTo("/whole.onnx"));
        server_.Get("/circle.onnx", leadTo("/circle.onnx"));
        server_.Get("/away.onnx", leadTo("http://example.org/whole.onnx"));
        server_.Get("/cut.onnx", [=, this](const auto& request, auto& response) {
            if (request.has_header("Range")) return plain(request, response);
            note(request);
            sendHalf(response, [] { return false; });
        });
        server_.Get("/slow.onnx", [=, this](const auto& request, auto& response) {
            if (request.has_header("Range")) return plain(request, response);
            note(request);
            sendHalf(response, [this] {
                while (!released) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                return false;
            });
        });
        server_.Get("/norange.onnx", [this](const auto& request, auto& response) {
            note(request);
            response.status = 200;
            response.set_chunked_content_provider("application/octet-stream",
                                                  [this](std::size_t, httplib::DataSink& sink) {
                                                      sink.write(content_.data(), content_.size());
                                                      sink.done();
                                                      return true;
                                                  });
        });
        server_.Get("/broken.onnx", [](const auto&, auto& response) { response.status = 503; });
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        waitFor([this] { return server_.is_running(); });
    }
    ~Server() {
        released = true;
        server_.stop();
        thread_.join();
    }

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }

    std::atomic<int> requests{0}, ranges{0};
    std::atomic<bool> released{false};

  private:
    void note(const httplib::Request& request) {
        requests++;
        if (request.has_header("Range")) ranges++;
    }

    void sendHalf(httplib::Response& response, std::function<bool()> then) {
        const std::size_t half = content_.size() / 2;
        response.set_content_provider(
            content_.size(), "application/octet-stream",
            [=, this](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                if (offset >= half) return then();
                return sink.write(content_.data(), half);
            });
    }

    std::string content_;
    httplib::Server server_;
    int port_ = 0;
    std::thread thread_;
};

/// A catalogue with one model; `changes` are merged into its entry and its file.
std::string catalogueWith(const Home& home, const std::string& url, const json& entry = {},
                          const json& file = {}) {
    json remote{{"url", url},
                {"sha256", acuity::model::sha256OfFile(home.file)},
                {"bytes", fs::file_size(home.file)}};
    if (file.is_object()) remote.update(file);
    json model{{"name", "remote"}, {"licence", "MIT"}, {"scale", 2}, {"files", {remote}}};
    if (entry.is_object()) model.update(entry);
    const std::string path = home.folder / "catalogue.json";
    writeBytes(path, json{{"models", {model}}}.dump());
    return path;
}

/// Nothing of a model is there, not even the beginning of a file.
void checkNothing(const Home& home) {
    CHECK(home.listed("remote").is_null());
    CHECK(files(home.models).empty());
}

}  // namespace

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

TEST_CASE("a model is pulled whole, through a redirect, and from servers without ranges") {
    const Home home;
    Server server(bytesOf(home.file));
    for (const char* path : {"/whole.onnx", "/sub/moved.onnx", "/norange.onnx"}) {
        INFO(path);
        const std::string catalogue = catalogueWith(
            home, server.url(path), {{"summary", "far away"}, {"homepage", "https://example.org"}});
        const Result pulled = home.models_({"pull", "remote", "--catalogue", catalogue});
        INFO(pulled.err);
        REQUIRE(pulled.status == 0);
        CHECK(files(home.models) == std::set<std::string>{"remote.json", "remote.onnx"});
        CHECK(bytesOf(home.models + "/remote.onnx") == bytesOf(home.file));
        CHECK(home.listed("remote").at("licence") == "MIT");
        CHECK(home.listed("remote").at("summary") == "far away");
        const int before = server.requests;
        CHECK(contains(home.models_({"pull", "REMOTE", "--catalogue", catalogue}).out,
                       "there already"));
        CHECK(server.requests == before);
        CHECK(home.models_({"verify"}).status == 0);
        REQUIRE(home.models_({"remove", "remote"}).status == 0);
    }
}

TEST_CASE("a pull that was cut goes on where it broke off") {
    const Home home;
    Server server(bytesOf(home.file));
    const std::string catalogue = catalogueWith(home, server.url("/cut.onnx"));
    checkRefusal(home.models_({"pull", "remote", "--catalogue", catalogue}), "goes on from there");
    CHECK(home.listed("remote").is_null());
    CHECK(files(home.models) == std::set<std::string>{".remote.part/remote.onnx"});
    CHECK(fs::file_size(home.models + "/.remote.part/remote.onnx") == fs::file_size(home.file) / 2);
    CHECK(server.ranges == 0);
    REQUIRE(home.models_({"pull", "remote", "--catalogue", catalogue}).status == 0);
    CHECK(server.ranges == 1);
    CHECK(bytesOf(home.models + "/remote.onnx") == bytesOf(home.file));
    CHECK(files(home.models) == std::set<std::string>{"remote.json", "remote.onnx"});
}

TEST_CASE("leftovers that do not fit are fetched anew") {
    const Home home;
    Server server(bytesOf(home.file));
    const std::size_t size = fs::file_size(home.file);
    for (const char* path : {"/whole.onnx", "/norange.onnx"})
        for (const std::size_t length : {size / 3, size, size + 7}) {
            INFO(path << " " << length);
            writeBytes(home.models + "/.remote.part/remote.onnx", std::string(length, 'x'));
            const std::string catalogue = catalogueWith(home, server.url(path));
            const Result result = home.models_({"pull", "remote", "--catalogue", catalogue});
            INFO(result.err);
            REQUIRE(result.status == 0);
            CHECK(bytesOf(home.models + "/remote.onnx") == bytesOf(home.file));
            REQUIRE(home.models_({"remove", "remote"}).status == 0);
        }
}

TEST_CASE("a pull killed in the middle leaves nothing that counts as a model") {
    const Home home;
    Server server(bytesOf(home.file));
    const std::string catalogue = catalogueWith(home, server.url("/slow.onnx"));
    const std::string part = home.models + "/.remote.part/remote.onnx";
    for (const int signal : {SIGKILL, SIGINT}) {
        fs::remove_all(home.models);
        server.released = false;
        Program program({"models", "pull", "remote", "--catalogue", catalogue}, home.io());
        std::error_code none;
        waitFor([&] { return fs::file_size(part, none) == fs::file_size(home.file) / 2; });
        program.signal(signal);
        const Result ended = program.finish();
        CHECK(ended.status == (signal == SIGINT ? 130 : 128 + SIGKILL));
        CHECK(ended.seconds < 5);
        server.released = true;
        CHECK(home.listed("remote").is_null());
        CHECK(home.models_({"verify"}).status == 0);
        CHECK(files(home.models) == std::set<std::string>{".remote.part/remote.onnx"});
        REQUIRE(home.models_({"pull", "remote", "--catalogue", catalogue}).status == 0);
        CHECK(bytesOf(home.models + "/remote.onnx") == bytesOf(home.file));
    }
    CHECK(server.ranges == 2);
}

TEST_CASE("what is not the file of the catalogue is deleted and said") {
    const Home home;
    Server server(bytesOf(home.file));
    const std::uint64_t size = fs::file_size(home.file);
    const auto pull = [&](const std::string& path, const json& file) {
        const std::string catalogue = catalogueWith(home, server.url(path), {}, file);
        return home.models_({"pull", "remote", "--catalogue", catalogue});
    };
    for (const char* path : {"/whole.onnx", "/norange.onnx"}) {
        checkRefusal(pull(path, {{"sha256", std::string(64, '0')}}), "SHA-256");
        checkNothing(home);
        checkRefusal(pull(path, {{"bytes", size - 1}}), "longer than");
        checkNothing(home);
        checkRefusal(pull(path, {{"bytes", size + 1}}), "instead of");
        checkNothing(home);
    }
}

TEST_CASE("servers that give nothing get a sentence each") {
    const Home home;
    Server server(bytesOf(home.file));
    const auto pull = [&](const std::string& url) {
        return home.models_({"pull", "remote", "--catalogue", catalogueWith(home, url)});
    };
    checkRefusal(pull(server.url("/nowhere.onnx")), "not at its address");
    checkRefusal(pull(server.url("/broken.onnx")), "503");
    checkRefusal(pull(server.url("/circle.onnx")), "circle");
    checkRefusal(pull(server.url("/away.onnx")), "no https address");
    checkRefusal(pull("http://example.org/x.onnx"), "no https address");
    checkRefusal(pull("http://127.0.0.1.example.org/x.onnx"), "no https address");
    checkRefusal(pull("http://127.0.0.1@example.org/x.onnx"), "no https address");
    checkRefusal(pull("file:///etc/x.onnx"), "no https address");
    checkRefusal(pull("https://127.0.0.1:1/x.onnx"), "cannot reach 127.0.0.1");
    checkRefusal(pull("https://no-such-host.invalid/x.onnx"), "is this machine online?");
    checkNothing(home);
}

TEST_CASE("a licence that forbids commercial use is agreed to once") {
    const Home home;
    Server server(bytesOf(home.file));
    const std::string catalogue = catalogueWith(
        home, server.url("/whole.onnx"), {{"licence", "CC-BY-NC-4.0"}, {"noncommercial", true}});
    const auto pull = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words{"models", "pull", "remote", "--catalogue", catalogue};
        words.insert(words.end(), more.begin(), more.end());
        Io io = home.io();
        io.in = "yes\n";  // not a person's answer: there is no terminal
        return run(words, io);
    };
    checkRefusal(pull({}), "may not be used commercially");
    CHECK(server.requests == 0);
    checkNothing(home);
    REQUIRE(pull({"--yes"}).status == 0);
    CHECK(home.listed("remote").at("noncommercial") == true);
    CHECK(contains(home.models_({"list"}).out, "not for commercial use"));
    REQUIRE(home.models_({"remove", "remote"}).status == 0);
    CHECK(pull({}).status == 0);  // remembered
    REQUIRE(home.models_({"remove", "remote"}).status == 0);
    catalogueWith(home, server.url("/whole.onnx"),
                  {{"licence", "another"}, {"noncommercial", true}});
    checkRefusal(pull({}), "another");
}

TEST_CASE("a pulled file that is no model is not installed") {
    const Home home;
    writeBytes(home.file, "these are words, no weights");
    Server server(bytesOf(home.file));
    const std::string catalogue = catalogueWith(home, server.url("/whole.onnx"));
    checkRefusal(home.models_({"pull", "remote", "--catalogue", catalogue}), "remote");
    checkNothing(home);
}

TEST_CASE("catalogues: the shipped one is sound, damaged ones are refused") {
    const Home home;
    int marked = 0, entries = 0;
    for (const json& each : json::parse(home.models_({"list", "--json"}).out)) {
        if (each.at("origin") != "catalogue") continue;
        entries++;
        CHECK(each.at("licence") != "");
        CHECK(contains(each.at("homepage").get<std::string>(), "https://"));
        const bool nc = contains(each.at("licence").get<std::string>(), "-NC");
        CHECK(each.at("noncommercial") == nc);
        marked += nc;
    }
    CHECK(entries >= 10);
    CHECK(marked >= 1);
    checkRefusal(home.models_({"pull", "4x-ultrasharp"}), "models add FILE");
    checkRefusal(home.models_({"pull", "nonsense"}), "realesrgan-x4plus");

    const std::string path = home.folder / "bad.json";
    const std::string hash(64, 'a');
    for (const std::string& content :
         {std::string("{"), std::string("[]"), std::string(R"({"models": [{"name": "x"}]})"),
          std::string(R"({"models": [{"name": 1, "licence": "MIT"}]})"),
          R"({"models": [{"name": "x", "licence": "y", "files": [{"url": "https://a/b.onnx", )"
          R"("sha256": "12", "bytes": 1}]}]})" +
              std::string(),
          R"({"models": [{"name": "x", "licence": "y", "files": [{"url": "https://a/b.sh", )"
          R"("bytes": 1, "sha256": ")" +
              hash + R"("}]}]})",
          R"({"models": [{"name": "x", "licence": "y", "files": [{"url": "https://a/b.onnx", )"
          R"("bytes": -1, "sha256": ")" +
              hash + R"("}]}]})"}) {
        INFO(content);
        writeBytes(path, content);
        checkRefusal(home.models_({"pull", "x", "--catalogue", path}), "bad.json");
    }
    const std::string catalogue =
        catalogueWith(home, "https://127.0.0.1:1/x.onnx", {{"name", "../../evil"}});
    checkRefusal(home.models_({"pull", "../../evil", "--catalogue", catalogue}), "is no name", 2);
    CHECK(files(home.models).empty());
}
