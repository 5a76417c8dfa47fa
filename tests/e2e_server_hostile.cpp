// `acuity serve` among strangers: what must be refused is, each time with a sentence, and the
// server goes on.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "server.h"

using namespace acuity::test;

namespace {

int connected(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(std::uint16_t(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("no connection");
    return socket;
}

std::string rest(int socket) {
    std::string all;
    char buffer[4096];
    ssize_t got;
    while ((got = recv(socket, buffer, sizeof buffer, 0)) > 0) all.append(buffer, std::size_t(got));
    close(socket);
    return all;
}

int statusOf(const std::string& answer) {
    return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

void alive(const Server& server) {
    CHECK(server.get("/api/health")["version"].is_string());
}

}  // namespace

std::string Server::raw(const std::string& request) const {
    const int socket = connected(port_);
    (void)!::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    shutdown(socket, SHUT_WR);
    return rest(socket);
}

TEST_CASE("names, pages and paths from elsewhere are refused") {
    const Folder folder;
    const Server server(folder / "data");
    const std::string host = "127.0.0.1:" + std::to_string(server.port());
    const auto get = [&](const std::string& path, const std::string& name,
                         const std::string& more = "") {
        return server.raw("GET " + path + " HTTP/1.1\r\nHost: " + name + "\r\n" + more +
                          "Connection: close\r\n\r\n");
    };
    CHECK(statusOf(get("/api/health", host)) == 200);
    CHECK(statusOf(get("/", host)) == 200);
    // Rebinding: a page's own name pointed here.
    CHECK(statusOf(get("/api/health", "evil.example:" + std::to_string(server.port()))) == 403);
    CHECK(statusOf(get("/api/health", "127.0.0.1:1")) == 403);
    CHECK(statusOf(server.raw("GET /api/health HTTP/1.1\r\nConnection: close\r\n\r\n")) == 403);
    // Pages of others.
    CHECK(statusOf(get("/api/health", host, "Origin: http://evil.example\r\n")) == 403);
    CHECK(statusOf(get("/api/pictures", host, "Sec-Fetch-Site: cross-site\r\n")) == 403);
    CHECK(statusOf(server.raw("POST /api/jobs HTTP/1.1\r\nHost: " + host +
                              "\r\nOrigin: null\r\nContent-Type: application/json\r\n"
                              "Content-Length: 2\r\nConnection: close\r\n\r\n{}")) == 403);
    // A form can send no JSON.
    CHECK(server.client().Post("/api/jobs", "a=b", "application/x-www-form-urlencoded")->status ==
          415);
    // Paths.
    for (const char* path :
         {"/../../etc/passwd", "/api/pictures/../../acuity.db/file", "/%2e%2e/%2e%2e/etc/passwd",
          "/api/pictures/..%2f..%2f/file", "/api/jobs/00000000000000000000000000000000/file",
          "/api/pictures/0123456789abcdef0123456789abcdeF/file"})
        CHECK(statusOf(get(path, host)) == 404);
    const std::string id = server.upload("..%2F..%2Fescape.png", painted(".png", 20, 20))["id"];
    CHECK(server.get("/api/pictures/" + id)["name"] == "escape.png");
    CHECK(statusOf(get("/" + std::string(20000, 'a'), host)) == 414);
    const auto headers = server.client().Get("/");
    REQUIRE(headers);
    CHECK(contains(headers->get_header_value("Content-Security-Policy"), "default-src 'none'"));
    CHECK(headers->get_header_value("X-Content-Type-Options") == "nosniff");
    std::string ranges = "Range: bytes=0-1";
    for (int i = 0; i < 100; i++) ranges += ",0-1";
    CHECK(statusOf(get("/api/pictures/" + id + "/file", host, ranges + "\r\n")) == 200);
    // Neither beyond a file's end nor beyond the page's bytes in memory.
    const auto size = std::stoull(
        server.client().Get("/api/pictures/" + id + "/file")->get_header_value("Content-Length"));
    const auto part = [&](const std::string& path, const std::string& range) {
        return server.client().Get(path, {{"Range", range}, {"Accept-Encoding", "gzip"}});
    };
    const std::string file = "/api/pictures/" + id + "/file";
    CHECK(part(file, "bytes=10-99999999")->body.size() == size - 10);
    CHECK(part(file, "bytes=-10")->get_header_value("Content-Range") ==
          fmt::format("bytes {}-{}/{}", size - 10, size - 1, size));
    CHECK(part(file, fmt::format("bytes={}-", size))->status == 416);
    for (const char* range : {"bytes=100-99999999", "bytes=99999999-"})
        CHECK(part("/", range)->get_header_value("Content-Length") ==
              server.client()
                  .Get("/", httplib::Headers{{"Accept-Encoding", "gzip"}})
                  ->get_header_value("Content-Length"));
    // Only pictures are large, and what has no body has none.
    const std::string bare = "POST /api/jobs/" + std::string(32, 'a') +
                             "/cancel HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n";
    CHECK(statusOf(server.raw(bare + "Content-Length: 100000000\r\n\r\n")) == 413);
    CHECK(statusOf(server.raw(bare + "Transfer-Encoding: chunked\r\n\r\n")) == 411);
    CHECK(statusOf(server.raw(bare + "\r\n")) == 404);
    alive(server);
}

TEST_CASE("where others can reach it the server wants its token") {
    const Folder folder;
    const Result open = run(
        {"serve", "--host", "0.0.0.0", "--port", "0", "--no-browser", "--data", folder / "other"});
    CHECK(open.status == 2);
    CHECK(contains(open.err, "--token"));
    const std::string token = "0123456789abcdef";
    const Server server(folder / "data", {"--token", token});
    auto client = server.client();
    CHECK(client.Get("/api/health")->status == 401);
    CHECK(client.Get("/?token=wrong")->status == 401);
    CHECK(client.Get("/api/health", {{"Authorization", "Bearer " + token}})->status == 200);
    const auto entered = client.Get("/?token=" + token);
    CHECK(entered->status == 303);
    const std::string cookie = entered->get_header_value("Set-Cookie");
    CHECK(contains(cookie, "HttpOnly; SameSite=Strict"));
    CHECK(client.Get("/api/health", {{"Cookie", cookie.substr(0, cookie.find(';'))}})->status ==
          200);
}

TEST_CASE("bodies that are too large, endless, broken or bombs are refused") {
    const Folder folder;
    const Server server(folder / "data", {"--max-upload", "1M"});
    const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
    const std::string upload = "POST /api/pictures?name=x.png HTTP/1.1\r\n" + host +
                               "Content-Type: application/octet-stream\r\n";
    SECTION("too large, by what it says") {
        CHECK(statusOf(server.raw(upload + "Content-Length: 99999999999\r\n\r\nabc")) == 413);
    }
    SECTION("endless") {
        const int socket = connected(server.port());
        const std::string head = upload + "Transfer-Encoding: chunked\r\n\r\n";
        (void)!send(socket, head.data(), head.size(), MSG_NOSIGNAL);
        const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
        int sent = 0;
        while (sent < 1000 && send(socket, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) sent++;
        CHECK(sent < 1000);
        close(socket);
    }
    SECTION("an endless head") {
        const int socket = connected(server.port());
        std::string head = "GET /api/health HTTP/1.1\r\n" + host;
        int sent = 0;
        while (sent < 30000 && send(socket, head.data(), head.size(), MSG_NOSIGNAL) > 0) {
            head = "X-" + std::to_string(sent++) + ": " + std::string(1000, 'y') + "\r\n";
        }
        CHECK(sent < 30000);
        close(socket);
    }
    SECTION("cut off") {
        CHECK(statusOf(server.raw(upload + "Content-Length: 1000\r\n\r\nabc")) == 400);
        CHECK(statusOf(server.raw(upload + "\r\nabc")) == 411);
    }
    SECTION("malformed multipart") {
        const auto multipart = [&](const std::string& body) {
            return statusOf(server.raw("POST /api/pictures HTTP/1.1\r\n" + host +
                                       "Content-Type: multipart/form-data; boundary=B\r\n"
                                       "Content-Length: " +
                                       std::to_string(body.size()) + "\r\n\r\n" + body));
        };
        const std::string part =
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
        CHECK(multipart("nonsense") == 400);
        CHECK(multipart(part + "no end") == 400);
        CHECK(multipart("--B\r\n\r\n\r\n--B--\r\n") == 400);
        CHECK(multipart(part + "x\r\n" + part + "y\r\n--B--\r\n") == 422);
        CHECK(multipart(part + painted(".png", 20, 20) + "\r\n--B--\r\n") == 201);
    }
    SECTION("no pictures") {
        CHECK(contains(server.upload("x.png", "no picture", 422)["error"], "x.png"));
        std::string cut = painted(".png", 200, 200);
        cut.resize(cut.size() / 2);
        server.upload("cut.png", cut, 422);
        server.upload("bomb.png", pngDeclaring(60000, 60000), 422);
        server.upload("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", 422);
        CHECK(server.get("/api/pictures").empty());
        CHECK(files(folder.path() / "data" / "pictures").empty());
        CHECK(files(folder.path() / "data" / "incoming").empty());
    }
    SECTION("JSON") {
        server.upload("p.png", painted(".png", 30, 20));
        const auto post = [&](const std::string& body) {
            return server.client().Post("/api/jobs", body, "application/json")->status;
        };
        CHECK(post(std::string(50000, '[')) == 400);
        CHECK(post("{\"a\":" + std::string(70000, '1') + "}") == 413);
        CHECK(post("{") == 400);
        CHECK(post("[]") == 400);
        CHECK(post("{\"picture\": 1}") == 422);
        const std::string id = server.get("/api/pictures")[0]["id"];
        const auto with = [&](const json& settings) {
            return post(json{{"picture", id}, {"settings", settings}}.dump());
        };
        // Nothing that names files or the machine can be set from outside.
        CHECK(with({{"trust-map", "/tmp/x.png"}}) == 422);
        CHECK(with({{"model", "/etc/passwd"}}) == 422);
        CHECK(with({{"memory", "1T"}}) == 422);
        CHECK(with({{"scale", "1000"}}) == 422);
        CHECK(with({{"scale", "2"}, {"width", "5"}}) == 422);
        CHECK(with({{"scale", 2}}) == 422);
        CHECK(server.get("/api/jobs").empty());
    }
    alive(server);
}

TEST_CASE("what the server may store is bounded") {
    const Folder folder;
    const Server server(folder / "data", {"--disk", "300K"});
    const std::string noise = painted(".ppm", 300, 200);
    int status = 201;
    for (int i = 0; i < 5 && status == 201; i++)
        status = server.client()
                     .Post("/api/pictures?name=p.ppm", noise, "application/octet-stream")
                     ->status;
    CHECK(status == 507);
    alive(server);
}

TEST_CASE("many clients at once, slow ones and half-closed ones among them") {
    const char* asked = std::getenv("ACUITY_LOAD_SECONDS");
    const double seconds = asked ? std::stod(asked) : 6;
    const Folder folder;
    Server server(folder / "data");
    const std::string picture = painted(".png", 48, 32);
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    std::mutex mutex;
    std::map<int, int> statuses;
    std::set<std::string> accepted;
    const auto count = [&](const httplib::Result& answer) {
        std::lock_guard guard(mutex);
        statuses[answer ? answer->status : 0]++;
        return answer ? answer->status : 0;
    };
    std::vector<std::thread> threads;
    for (int n = 0; n < 50; n++) {
        threads.emplace_back([&, n] {
            while (std::chrono::steady_clock::now() < until) {
                if (n % 10 == 0) {  // asks, reads a little, and goes away
                    const int socket = connected(server.port());
                    const std::string ask =
                        "GET /app.js HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                        "\r\n\r\n";
                    (void)!send(socket, ask.data(), ask.size(), MSG_NOSIGNAL);
                    if (n % 20 == 0) shutdown(socket, SHUT_WR);
                    char some[64];
                    (void)!recv(socket, some, sizeof some, 0);
                    std::this_thread::sleep_for(std::chrono::milliseconds(700));
                    close(socket);
                    continue;
                }
                auto client = server.client();
                auto sent =
                    client.Post("/api/pictures?name=p.png", picture, "application/octet-stream");
                if (count(sent) != 201) continue;
                const json body = {{"picture", json::parse(sent->body)["id"]},
                                   {"settings", {{"scale", "2"}, {"model", "bilinear"}}}};
                auto queued = client.Post("/api/jobs", body.dump(), "application/json");
                if (count(queued) == 201) {
                    std::lock_guard guard(mutex);
                    accepted.insert(json::parse(queued->body)["id"].get<std::string>());
                }
                count(client.Get("/api/health"));
                std::this_thread::sleep_for(std::chrono::milliseconds(300));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& [status, times] : statuses) {
        INFO(status << ": " << times);
        CHECK((status == 200 || status == 201 || status == 429 || status == 503 || status == 507));
    }
    REQUIRE_FALSE(accepted.empty());
    json jobs;
    for (int i = 0; i < 4000; i++) {
        jobs = server.get("/api/jobs");
        const bool busy = std::any_of(jobs.begin(), jobs.end(), [](const json& job) {
            return job["state"] == "queued" || job["state"] == "running";
        });
        if (!busy) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    CHECK(jobs.size() == accepted.size());
    for (const json& job : jobs) {
        CHECK(accepted.count(job["id"]));
        CHECK(job["state"] == "done");
    }
    CHECK(files(folder.path() / "data" / "results").size() == accepted.size());
    constexpr long kMebibytes = 800;
    const Result ended = server.stop();
    CHECK(ended.status == 0);
    CHECK(ended.peak < kMebibytes);
}
