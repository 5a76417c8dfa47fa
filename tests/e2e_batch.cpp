// Folders, names and reruns: nothing is lost, overwritten unasked, or left behind.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "support.h"

using namespace acuity::test;
using nlohmann::json;
using Names = std::set<std::string>;

namespace {

void wait(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

TEST_CASE("without -o results lie beside their inputs and are not enlarged again") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    paint(folder / "b.jpg", 10, 8);
    REQUIRE(run({folder.path(), "-m", "bicubic"}).status == 0);
    const Names after{"a.png", "a-4x.png", "b.jpg", "b-4x.jpg"};
    CHECK(files(folder.path()) == after);
    CHECK(sizeOf(folder / "a-4x.png") == "40x32");

    const Result again = run({folder.path(), "-m", "bicubic", "--skip-existing"});
    CHECK(again.status == 0);
    CHECK(files(folder.path()) == after);
}

TEST_CASE("the name carries the real factor, and --suffix replaces it") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    REQUIRE(run({folder / "a.png", "-m", "bicubic", "-s", "2.5"}).status == 0);
    REQUIRE(run({folder / "a.png", "-m", "bicubic", "-s", "2", "--suffix", "-big"}).status == 0);
    CHECK(files(folder.path()) == Names{"a.png", "a-2.5x.png", "a-big.png"});
}

TEST_CASE("nothing is overwritten unless asked for") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    writeBytes(folder / "out.png", "precious");
    const std::vector<std::string> command{folder / "a.png", "-m", "bicubic", "-o",
                                           folder / "out.png"};
    const auto with = [&](const std::string& option) {
        auto words = command;
        words.push_back(option);
        return run(words);
    };
    const Result refused = run(command);
    CHECK(refused.status == 1);
    CHECK(contains(refused.err, "out.png"));
    CHECK(contains(refused.err, "--overwrite"));
    CHECK(bytesOf(folder / "out.png") == "precious");

    CHECK(with("--skip-existing").status == 0);
    CHECK(bytesOf(folder / "out.png") == "precious");

    CHECK(with("--overwrite").status == 0);
    CHECK(sizeOf(folder / "out.png") == "40x32");
    CHECK(files(folder.path()) == Names{"a.png", "out.png"});
}

TEST_CASE("a picture never replaces itself") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    const std::string before = bytesOf(folder / "a.png");
    CHECK(run({folder / "a.png", "-m", "bicubic", "-o", folder / "a.png"}).status != 0);
    CHECK(bytesOf(folder / "a.png") == before);
}

TEST_CASE("two inputs never write the same output") {
    Folder folder;
    paint(folder / "one/a.png", 10, 8, 1);
    paint(folder / "two/a.png", 10, 8, 2);
    paint(folder / "two/a.jpg", 10, 8, 3);
    const Result result = run({folder / "one/a.png", folder / "two/a.png", folder / "two/a.jpg",
                               "-m", "bicubic", "--format", "png", "-o", folder / "out/"});
    const auto written = files(folder / "out");
    // Either told apart by name or refused by name, but never silently lost.
    CHECK((written.size() == 3 || result.status != 0));
    if (written.size() < 3) CHECK(contains(result.err, "a."));
}

TEST_CASE("-r mirrors the tree into the output folder") {
    Folder folder;
    paint(folder / "in/a.png", 6, 6);
    paint(folder / "in/sub/b.png", 6, 6);
    paint(folder / "in/sub/deep er/c.png", 6, 6);
    paint(folder / "in/.hidden/d.png", 6, 6);
    paint(folder / "in/.e.png", 6, 6);
    REQUIRE(run({"-r", folder / "in", "-m", "bicubic", "-o", folder / "out"}).status == 0);
    const Names out = files(folder / "out");
    REQUIRE(out.size() == 3);
    for (const std::string start : {"a", "sub/b", "sub/deep er/c"}) {
        INFO(start);
        CHECK(std::any_of(out.begin(), out.end(),
                          [&](const std::string& name) { return name.rfind(start, 0) == 0; }));
    }
}

TEST_CASE("without -r subfolders are left alone") {
    Folder folder;
    paint(folder / "in/a.png", 6, 6);
    paint(folder / "in/sub/b.png", 6, 6);
    REQUIRE(run({folder / "in", "-m", "bicubic", "-o", folder / "out"}).status == 0);
    CHECK(files(folder / "out").size() == 1);
}

TEST_CASE("-r with the output folder inside the input folder does not feed on itself") {
    Folder folder;
    paint(folder / "in/a.png", 6, 6);
    const std::vector<std::string> command{
        "-r", folder / "in", "-m", "bicubic", "--skip-existing", "-o", folder / "in/out"};
    REQUIRE(run(command).status == 0);
    REQUIRE(run(command).status == 0);
    CHECK(files(folder / "in").size() == 2);
}

TEST_CASE("broken files are named at the end and harm nothing") {
    Folder folder;
    paint(folder / "in/good.png", 10, 8);
    paint(folder / "in/last.png", 10, 8);
    writeBytes(folder / "in/empty.png", "");
    writeBytes(folder / "in/words.png", "this is no picture\n");
    writeBytes(folder / "in/cut.png", painted(".png", 60, 60).substr(0, 900));
    writeBytes(folder / "in/notes.txt", "a stranger that is no picture by name either\n");
    const Result result = run({folder / "in", "-m", "bicubic", "-o", folder / "out"});
    CHECK(result.status == 1);
    for (const std::string name : {"empty.png", "words.png", "cut.png"})
        CHECK(contains(result.err, name));
    CHECK(files(folder / "out").size() == 2);
    CHECK(files(folder / "in").size() == 6);
}

TEST_CASE("names may hold anything a file system allows") {
    Folder folder;
    const std::vector<std::string> names{
        "b[n=3].png",      "with space.png",    "it's \"quoted\".png",  "two\nlines.png",
        "ěščř 猫 ß.png",   "percent %s %d.png", "semi;colon,.png",      "-dash.png",
        "back\\slash.png", "dots..png",         ".hidden-but-named.png"};
    std::vector<std::string> command{"-m", "bicubic", "-o", folder / "out", "--"};
    for (const auto& name : names) {
        writeBytes(folder.path() / "in" / name, painted(".png", 6, 5));
        command.push_back((folder.path() / "in" / name).string());
    }
    const Result result = run(command);
    INFO(result.err);
    CHECK(result.status == 0);
    const auto out = files(folder / "out");
    CHECK(out.size() == names.size());
    for (const auto& name : out) CHECK(sizeOf(folder.path() / "out" / name) == "24x20");
}

TEST_CASE("names that a terminal would obey are shown escaped") {
    Folder folder;
    writeBytes(folder.path() / "two\nlines \x1b[31m.png", "no picture");
    const Result result =
        run({(folder.path() / "two\nlines \x1b[31m.png").string(), "-m", "bicubic"});
    CHECK(result.status == 1);
    CHECK_FALSE(contains(result.err, "two\nlines"));
    CHECK_FALSE(contains(result.err, "\x1b[31m.png"));
}

TEST_CASE("a name that begins with a dash works relative to the folder it lies in") {
    Folder folder;
    paint(folder / "-s.png", 6, 5);
    Io io;
    io.cwd = folder.path();
    CHECK(run({"-m", "bicubic", "--", "-s.png"}, io).status == 0);
    CHECK(files(folder.path()) == Names{"-s.png", "-s-4x.png"});
}

TEST_CASE("--files-from reads one name a line") {
    Folder folder;
    paint(folder / "a b.png", 6, 5);
    paint(folder / "c[1].png", 6, 5);
    writeBytes(folder / "list", folder / "a b.png" + "\r\n\n" + (folder / "c[1].png") + "\n");
    REQUIRE(run({"--files-from", folder / "list", "-m", "bicubic", "-o", folder / "out"}).status ==
            0);
    CHECK(files(folder / "out").size() == 2);

    writeBytes(folder / "bad", folder / "a b.png" + "\n" + (folder / "missing.png") + "\n");
    const Result partly =
        run({"--files-from", folder / "bad", "-m", "bicubic", "-o", folder / "out2"});
    CHECK(partly.status == 1);
    CHECK(contains(partly.err, "missing.png"));
    CHECK(files(folder / "out2").size() == 1);
}

TEST_CASE("standard input and output are files like others") {
    Folder folder;
    Io io;
    io.in = painted(".png", 10, 8);
    const Result through = run({"-", "-m", "bicubic", "--format", "png", "-o", "-"}, io);
    INFO(through.err);
    REQUIRE(through.status == 0);
    writeBytes(folder / "piped.png", through.out);
    CHECK(sizeOf(folder / "piped.png") == "40x32");

    REQUIRE(run({"-", "-m", "bicubic", "-o", folder / "file.png"}, io).status == 0);
    CHECK(samePixels(folder / "piped.png", folder / "file.png"));

    writeBytes(folder / "in.png", io.in);
    const Result out = run({folder / "in.png", "-m", "bicubic", "-o", "-"});
    REQUIRE(out.status == 0);
    writeBytes(folder / "out.png", out.out);
    CHECK(samePixels(folder / "out.png", folder / "file.png"));
}

TEST_CASE("every writable format goes through a pipe") {
    Io io;
    io.in = painted(".png", 10, 8);
    for (const std::string format : {"jpg", "png", "webp", "tiff", "avif", "jxl", "gif"}) {
        INFO(format);
        Folder folder;
        const Result result = run({"-", "-m", "bicubic", "--format", format, "-o", "-"}, io);
        CHECK(result.status == 0);
        if (result.status != 0) continue;
        writeBytes(folder / "out", result.out);
        CHECK(sizeOf(folder / "out") == "40x32");
    }
}

TEST_CASE("--json is one object per input") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    paint(folder / "b.png", 10, 8);
    writeBytes(folder / "c.png", "broken");
    const Result result = run({folder / "a.png", folder / "b.png", folder / "c.png", "-m",
                               "bicubic", "--json", "-o", folder / "out"});
    CHECK(result.status == 1);
    const auto objects = lines(result.out);
    REQUIRE(objects.size() == 3);
    Names seen;  // in the order in which they were done
    for (const auto& line : objects) {
        INFO(line);
        const json object = json::parse(line);
        REQUIRE(object.is_object());
        seen.insert(fs::path(object.value("input", "")).filename());
    }
    CHECK(seen == Names{"a.png", "b.png", "c.png"});
}

TEST_CASE("--quiet says nothing unless something is wrong") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    const Result fine = run({folder / "a.png", "-m", "bicubic", "--quiet"});
    CHECK(fine.status == 0);
    CHECK(fine.out.empty());
    CHECK(fine.err.empty());
    const Result wrong = run({folder / "gone.png", "-m", "bicubic", "--quiet"});
    CHECK(wrong.status == 1);
    CHECK(contains(wrong.err, "gone.png"));
}

TEST_CASE("--dry-run writes nothing") {
    Folder folder;
    paint(folder / "a.png", 10, 8);
    CHECK(run({folder / "a.png", "-m", "bicubic", "--dry-run"}).status == 0);
    CHECK(files(folder.path()) == Names{"a.png"});
}

TEST_CASE("interrupted, it stops soon, leaves nothing half-written and says 130") {
    Folder folder;
    paint(folder / "in/a.png", 1500, 1500);
    for (const int number : {SIGINT, SIGTERM}) {
        Program program({folder / "in", "-m", "bicubic", "-s", "16", "-o", folder / "out"});
        while (program.running() && files(folder / "out").empty()) wait(0.005);
        wait(0.3);
        REQUIRE(program.running());
        program.signal(number);
        const Result result = program.finish();
        INFO(result.err);
        CHECK((result.status == 130 || (number == SIGTERM && result.status == 128 + SIGTERM)));
        CHECK(result.seconds < 20);
        CHECK(files(folder / "out").empty());
    }
}

TEST_CASE("killed again and again, a batch still ends complete") {
    Folder folder;
    constexpr int kPictures = 200;
    Names broken;
    for (int i = 0; i < kPictures; ++i) {
        const std::string name = "p" + std::to_string(1000 + i) + ".png";
        std::string bytes = painted(".png", 30 + i % 7, 20 + i % 5, i);
        if (i % 10 == 3) {
            if (i % 30 == 3) bytes.resize(bytes.size() / 2);
            if (i % 30 == 13) bytes.clear();
            if (i % 30 == 23) bytes = "text under a picture's name\n";
            broken.insert(name);
        }
        writeBytes(folder.path() / "in" / name, bytes);
    }
    REQUIRE(broken.size() == 20);
    const auto command = [&](const std::string& out) {
        return std::vector<std::string>{folder / "in", "-m", "bicubic",    "-s",
                                        "3",           "-o", folder / out, "--skip-existing"};
    };
    REQUIRE(run(command("whole")).status == 1);

    std::mt19937 random(std::random_device{}());
    for (int kills = 0; kills < 5; ++kills) {
        const size_t enough = files(folder / "out").size() + random() % 30;
        Program program(command("out"));
        while (program.running() && files(folder / "out").size() < enough) wait(0.0005);
        wait(random() % 1000 * 1e-6);
        program.signal(SIGKILL);
        program.finish();
    }
    const Result last = run(command("out"));
    CHECK(last.status == 1);
    for (const auto& name : broken) CHECK(contains(last.err, name));
    CHECK(files(folder / "out").size() == 180);
    CHECK(files(folder / "out") == files(folder / "whole"));
    for (const auto& name : files(folder / "out")) {
        INFO(name);
        CHECK(samePixels(folder.path() / "out" / name, folder.path() / "whole" / name));
    }
}
