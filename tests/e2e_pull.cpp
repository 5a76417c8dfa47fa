// Models of a catalogue, fetched by the real program from servers of our own.
#include <httplib.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/hash.h"
#include "model_home.h"

using namespace acuity::test;

namespace {

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
                {"sha256", acuity::sha256OfFile(home.file)},
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

/// A certificate for 127.0.0.1 that only those trust who are told to.
struct Certificate {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* signedKey = X509_new();

    Certificate() {
        X509_set_version(signedKey, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(signedKey), 1);
        X509_gmtime_adj(X509_getm_notBefore(signedKey), -3600);
        X509_gmtime_adj(X509_getm_notAfter(signedKey), 3600);
        X509_set_pubkey(signedKey, key);
        X509_NAME* name = X509_get_subject_name(signedKey);
        const auto* text = reinterpret_cast<const unsigned char*>("127.0.0.1");
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
        X509_set_issuer_name(signedKey, name);
        X509_EXTENSION* address =
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
        X509_add_ext(signedKey, address, -1);
        X509_EXTENSION_free(address);
        X509_sign(signedKey, key, EVP_sha256());
    }
    ~Certificate() {
        X509_free(signedKey);
        EVP_PKEY_free(key);
    }
    void write(const std::string& path) const {
        FILE* file = fopen(path.c_str(), "w");
        REQUIRE(file);
        PEM_write_X509(file, signedKey);
        fclose(file);
    }
};

}  // namespace

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
        CHECK(ended.seconds < 20);  // not the half minute that silence may last
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

TEST_CASE("over HTTPS only certificates that are trusted count, and nothing leads out of it") {
    const Home home;
    const Certificate certificate;
    certificate.write(home.folder / "trusted.pem");
    const std::string content = bytesOf(home.file);
    httplib::SSLServer server(certificate.signedKey, certificate.key);
    const int port = server.bind_to_any_port("127.0.0.1");
    const std::string at = "127.0.0.1:" + std::to_string(port);
    server.Get("/a.onnx", [&](const auto&, auto& response) {
        response.set_content(content, "application/octet-stream");
    });
    server.Get("/down.onnx", [&](const auto&, auto& response) {
        response.set_redirect("http://" + at + "/a.onnx");
    });
    std::thread thread([&] { server.listen_after_bind(); });
    const auto pull = [&](const std::string& path, bool trusted) {
        Io io = home.io();
        if (trusted) io.env["SSL_CERT_FILE"] = home.folder / "trusted.pem";
        const std::string catalogue = catalogueWith(home, "https://" + at + path);
        return run({"models", "pull", "remote", "--catalogue", catalogue}, io);
    };
    checkRefusal(pull("/a.onnx", false), "not trusted");
    checkRefusal(pull("/down.onnx", true), "not https");
    checkNothing(home);
    const Result pulled = pull("/a.onnx", true);
    CHECK(pulled.err == "remote: 1.2 MB, MIT\n");
    CHECK(pulled.status == 0);
    CHECK(bytesOf(home.models + "/remote.onnx") == content);
    server.stop();
    thread.join();
}
