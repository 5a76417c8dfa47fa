// `acuity serve` as a program uses it: pictures in, plans, previews, results out, whatever happens.
#include <catch2/catch.hpp>
#include <csignal>

#include "server.h"

using namespace acuity::test;

namespace {

json region(int left, int top, int width, int height) {
    return {{"left", left}, {"top", top}, {"width", width}, {"height", height}};
}

vips::VImage decoded(const std::string& bytes) {
    const Folder folder;
    writeBytes(folder / "x", bytes);
    return look(folder / "x");
}

/// The same picture with its first band as opacity, too.
std::string withAlpha(const std::string& bytes) {
    const vips::VImage image = decoded(bytes);
    const Folder folder;
    image.bandjoin(image[0]).pngsave((folder / "x.png").c_str());
    return bytesOf(folder / "x.png");
}

}  // namespace

TEST_CASE("a picture goes in, and the result is the command line's") {
    const Folder folder;
    const std::string input = painted(".png", 150, 110);
    writeBytes(folder / "in.png", input);
    const Server server(folder / "data");
    const json picture = server.upload("in.png", input);
    CHECK(picture["width"] == 150);
    const std::string id = picture["id"];

    json measured = server.get("/api/pictures/" + id);
    for (int i = 0; i < 200 && measured["state"] == "measuring"; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        measured = server.get("/api/pictures/" + id);
    }
    CHECK(measured["state"] == "ready");
    CHECK_FALSE(measured["words"].get<std::string>().empty());

    const json settings = {{"scale", "3"}};
    const json plan = server.post("/api/pictures/" + id + "/plan", {{"settings", settings}});
    CHECK(plan["outputWidth"] == 450);
    CHECK(plan["automatic"].contains("prescale"));
    CHECK_FALSE(plan["explanation"].empty());

    const json job = server.post("/api/jobs", {{"picture", id}, {"settings", settings}}, 201);
    const json done = server.ended(job["id"]);
    REQUIRE(done["state"] == "done");
    CHECK(done["output"] == "in-3x.png");
    const std::string result = server.bytes("/api/jobs/" + job["id"].get<std::string>() + "/file");
    Io io;
    io.env = {{"SOURCE_DATE_EPOCH", "1700000000"}};
    REQUIRE(run({folder / "in.png", "-s", "3", "-o", folder / "out.png"}, io).status == 0);
    CHECK(result == bytesOf(folder / "out.png"));

    SECTION("a preview has the pixels of the result") {
        json body = region(100, 60, 200, 150);
        body["settings"] = settings;
        const auto answer = server.client().Post("/api/pictures/" + id + "/preview", body.dump(),
                                                 "application/json");
        REQUIRE(answer);
        REQUIRE(answer->status == 200);
        CHECK(answer->has_header("X-Acuity-Seconds"));
        const auto part = decoded(answer->body);
        const auto whole = decoded(result).crop(100, 60, 200, 150);
        // Tiles of another size: the engine may round differently.
        constexpr double kLevels = 1;
        CHECK((part - whole).abs().max() <= kLevels);
    }
    SECTION("parts, other formats, archives") {
        const std::string path = "/api/jobs/" + job["id"].get<std::string>();
        const auto part = server.client().Get(path + "/file", {{"Range", "bytes=10-19"}});
        REQUIRE(part);
        CHECK(part->status == 206);
        CHECK(part->body == result.substr(10, 10));
        const auto other = server.client().Get(path + "/file?format=webp");
        REQUIRE(other);
        CHECK(other->get_header_value("Content-Disposition") ==
              "attachment; filename=\"in-3x.webp\"; filename*=UTF-8''in-3x.webp");
        CHECK(decoded(other->body).width() == 450);
        const std::string zip = server.bytes("/api/results.zip");
        CHECK(contains(zip, "in-3x.png"));
        CHECK(contains(zip, result));
        CHECK(decoded(server.bytes(path + "/tiles/9/0_0")).width() == 450);
        CHECK(decoded(server.bytes(path + "/tiles/8/0_0")).width() == 225);
        CHECK(server.client().Get(path + "/tiles/9/1_0")->status == 404);
        CHECK(decoded(server.bytes(path + "/share?left=0&top=0&width=100&height=80")).width() >
              200);
    }
}

TEST_CASE("a trust map is drawn where it is asked for") {
    const Folder folder;
    const Server server(folder / "data");
    const std::string id = server.upload("p.png", painted(".png", 60, 40))["id"];
    const json body = {{"picture", id}, {"settings", {{"model", "lanczos"}}}, {"trustMap", true}};
    const json job = server.ended(server.post("/api/jobs", body, 201)["id"]);
    REQUIRE(job["state"] == "done");
    CHECK(job["result"]["trustMean"] > 0);
    const std::string path = "/api/jobs/" + job["id"].get<std::string>();
    CHECK(decoded(server.bytes(path + "/trust/8/0_0")).width() == 240);
    CHECK(server.client().Delete(path)->status == 204);
    CHECK(files(folder.path() / "data" / "results").empty());
}

TEST_CASE("what was accepted is done once, though the server is killed") {
    const Folder folder;
    std::vector<std::string> ids;
    {
        Server server(folder / "data");
        const std::string id = server.upload("p.png", painted(".png", 260, 200))["id"];
        for (int i = 0; i < 3; i++)
            ids.push_back(server.post("/api/jobs", {{"picture", id}}, 201)["id"]);
        std::this_thread::sleep_for(std::chrono::milliseconds(900));
        server.kill();
    }
    const Server server(folder / "data");
    CHECK(server.get("/api/jobs").size() == 3);
    for (const std::string& id : ids) CHECK(server.ended(id)["state"] == "done");
    // Each result is there whole, and nothing else.
    CHECK(files(folder.path() / "data" / "results").size() == 3);
    for (const std::string& id : ids)
        CHECK(decoded(server.bytes("/api/jobs/" + id + "/file")).width() == 1040);
}

TEST_CASE("a server that is ended by hand gives its job back, however often") {
    const Folder folder;
    std::string id;
    for (int i = 0; i < 4; i++) {
        Server server(folder / "data");
        if (id.empty()) {
            const std::string picture = server.upload("p.png", painted(".png", 700, 500))["id"];
            id = server.post("/api/jobs", {{"picture", picture}}, 201)["id"];
        }
        for (int n = 0; n < 250 && server.get("/api/jobs/" + id)["state"] == "queued"; n++)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        CHECK(server.get("/api/jobs/" + id)["state"] == "running");
        CHECK(server.stop().status == 0);
    }
    CHECK(files(folder.path() / "data" / "results").empty());
}

TEST_CASE("jobs are cancelled, tried again, put first and removed") {
    const Folder folder;
    const Server server(folder / "data");
    const std::string id = server.upload("p.png", painted(".png", 700, 500))["id"];
    const auto queue = [&] { return server.post("/api/jobs", {{"picture", id}}, 201)["id"]; };
    const std::string first = queue(), second = queue(), third = queue();
    const auto state = [&](const std::string& job) {
        return server.get("/api/jobs/" + job)["state"].get<std::string>();
    };
    server.post("/api/jobs/" + third + "/first");
    server.post("/api/jobs/" + first + "/cancel");
    CHECK(state(first) == "cancelled");
    server.post("/api/jobs/" + first + "/cancel", {}, 409);
    for (int i = 0; i < 200 && state(third) == "queued"; i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(state(third) == "running");
    CHECK(state(second) == "queued");
    CHECK(server.client().Delete("/api/jobs/" + third)->status == 204);
    CHECK(server.client().Get("/api/jobs/" + third)->status == 404);
    server.post("/api/jobs/" + second + "/cancel");
    CHECK(server.post("/api/jobs/" + first + "/retry")["state"] == "queued");
    server.post("/api/jobs/" + first + "/cancel");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK(files(folder.path() / "data" / "results").empty());
}

TEST_CASE("a later preview of one view takes the place of an earlier one") {
    const Folder folder;
    const Server server(folder / "data");
    const std::string id = server.upload("p.png", painted(".png", 900, 700))["id"];
    std::vector<int> statuses(6);
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; i++) {
        threads.emplace_back([&, i] {
            json body = region(i * 200, i * 100, 1600, 1200);
            body["view"] = "one";
            body["settings"] = {{"prescale", "off"}};
            const auto answer = server.client().Post("/api/pictures/" + id + "/preview",
                                                     body.dump(), "application/json");
            statuses[std::size_t(i)] = answer ? answer->status : 0;
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(120));
    }
    for (auto& thread : threads) thread.join();
    CHECK(statuses.back() == 200);
    CHECK(std::count(statuses.begin(), statuses.end(), 409) >= 3);
    CHECK(std::count(statuses.begin(), statuses.end(), 0) == 0);
}

TEST_CASE("previews have the pixels of the result, whatever is done to the picture") {
    const Folder folder;
    const Server server(folder / "data");
    const std::string clear = server.upload("a.png", painted(".png", 130, 100))["id"];
    const std::string open = server.upload("b.png", withAlpha(painted(".png", 130, 100)))["id"];
    const std::vector<std::pair<std::string, json>> cases = {
        {clear, {{"scale", "4"}, {"reduced-by", "lanczos"}}},
        {clear, {{"scale", "5"}, {"passes", "2"}, {"reduced-by", "box"}}},
        {open, {{"scale", "3"}, {"prescale", "60%"}, {"consistency", "0"}}},
        {clear, {{"scale", "2"}, {"noise", "40"}, {"reduced-by", "bicubic"}}},
        {open, {{"size", "300x300"}, {"fit", "cover"}}}};
    for (const auto& [id, settings] : cases) {
        INFO(settings.dump());
        const json job = server.post("/api/jobs", {{"picture", id}, {"settings", settings}}, 201);
        REQUIRE(server.ended(job["id"])["state"] == "done");
        const auto whole =
            decoded(server.bytes("/api/jobs/" + job["id"].get<std::string>() + "/file"));
        for (const auto& [left, top] :
             {std::pair(0, 0), {whole.width() - 120, whole.height() - 90}}) {
            json body = region(left, top, 120, 90);
            body["settings"] = settings;
            const auto answer = server.client().Post("/api/pictures/" + id + "/preview",
                                                     body.dump(), "application/json");
            REQUIRE(answer);
            REQUIRE(answer->status == 200);
            constexpr double kLevels = 1;  // tiles of another size may be rounded differently
            const auto part = decoded(answer->body);
            CHECK((part - whole.crop(left, top, 120, 90)).abs().max() <= kLevels);
        }
    }
}

TEST_CASE("a preview that nobody waits for any more gives way") {
    const Folder folder;
    const Server server(folder / "data");
    const std::string id = server.upload("p.png", painted(".png", 1100, 1000))["id"];
    const json plan = {{"settings", {{"scale", "4"}, {"prescale", "off"}, {"consistency", "0"}}}};
    server.post("/api/pictures/" + id + "/plan", plan);
    json body = region(0, 0, 2000, 2000);
    body["settings"] = plan["settings"];
    httplib::Client impatient("127.0.0.1", server.port());
    impatient.set_read_timeout(0, 300000);
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(
        impatient.Post("/api/pictures/" + id + "/preview", body.dump(), "application/json"));
    impatient.stop();
    // Another picture's plan waits for whoever computes.
    const std::string other = server.upload("q.png", painted(".png", 60, 50))["id"];
    server.post("/api/pictures/" + other + "/plan", json::object());
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
    const auto again = std::chrono::steady_clock::now();
    body["view"] = "again";
    CHECK(server.client()
              .Post("/api/pictures/" + id + "/preview", body.dump(), "application/json")
              ->status == 200);
    const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - again;
    CHECK(taken.count() < 0.7 * whole.count());
}

TEST_CASE("pictures that come into the watched folder are enlarged by the saved settings") {
    const Folder folder;
    fs::create_directories(folder.path() / "in");
    const Server server(folder / "data", {"--watch", folder / "in"});
    CHECK(server.client()
              .Put("/api/presets/watch", R"({"scale":"2","model":"lanczos"})", "application/json")
              ->status == 204);
    paint(folder.path() / "in" / "a.png", 60, 40);
    writeBytes(folder.path() / "in" / "broken.png", "no picture");
    const auto result = folder.path() / "in" / "enlarged" / "a-2x.png";
    for (int i = 0; i < 300 && !fs::exists(result); i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(sizeOf(result) == "120x80");
    CHECK(server.get("/api/jobs").size() == 1);
}

TEST_CASE("a preset may have any name that the page lets people write") {
    const Folder folder;
    const Server server(folder / "data");
    std::string japanese;
    for (int i = 0; i < 60; i++) japanese += "%E5%86%99";
    for (const std::string& name : {std::string("A4%2FA3%20print"), japanese}) {
        const std::string path = "/api/presets/" + name;
        CHECK(server.client().Put(path, R"({"scale":"2"})", "application/json")->status == 204);
        CHECK(server.get("/api/presets").size() == 1);
        CHECK(server.client().Delete(path)->status == 204);
    }
    const std::string tooLong(300, 'a');
    CHECK(server.client()
              .Put("/api/presets/" + tooLong, R"({"scale":"2"})", "application/json")
              ->status == 400);
}

TEST_CASE("--watch names a folder that is there, or nothing starts") {
    const Folder folder;
    const Result result = run({"serve", "--port", "0", "--no-browser", "--data", folder / "data",
                               "--watch", folder / "missing"});
    CHECK(result.status == 2);
    CHECK(contains(result.err, "there is no folder"));
    CHECK(!fs::exists(folder / "data"));
}

TEST_CASE("listeners hear what happens, and what they missed") {
    const Folder folder;
    const Server server(folder / "data");
    std::string heard;
    std::thread listener([&] {
        server.client().Get("/api/events", [&](const char* bytes, std::size_t count) {
            heard.append(bytes, count);
            return !contains(heard, "event: picture");
        });
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    server.upload("p.png", painted(".png", 40, 30));
    listener.join();
    CHECK(contains(heard, "retry: 500"));
    CHECK(contains(heard, "\"name\":\"p.png\""));
    std::string again;
    server.client().Get("/api/events", {{"Last-Event-ID", "1"}},
                        [&](const char* bytes, std::size_t count) {
                            again.append(bytes, count);
                            return !contains(again, "event: reset");
                        });
    CHECK(contains(again, "event: reset"));
}
