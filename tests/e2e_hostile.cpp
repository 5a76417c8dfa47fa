// Whatever it is fed and wherever it must write: one clear sentence that names the file, the right
// exit status, nothing left behind, and soon.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support.h"

using namespace acuity::test;
using Names = std::set<std::string>;

namespace {

// What every failure has in common.
void checkManners(const Result& result, const std::string& named) {
    INFO("status " << result.status << " after " << result.seconds << " s, said: " << result.err);
    CHECK(contains(result.err, named));
    CHECK(lines(result.err).size() <= 3);
    CHECK(result.seconds < 20);
    for (const std::string noise :
         {"terminate called", "what():", "std::", "VipsForeign", "ERROR:"})
        CHECK_FALSE(contains(result.err, noise));
}

// Feeds bytes under a name; they must be refused in one sentence.
void checkRefused(const std::string& name, const std::string& bytes) {
    INFO(name);
    Folder folder;
    writeBytes(folder / name, bytes);
    const Result result = run({folder / name, "-m", "bicubic", "-o", folder / "out.png"});
    CHECK(result.status == 1);
    checkManners(result, name);
    CHECK(files(folder.path()) == Names{name});
}

std::string cut(const std::string& bytes, double part) {
    return bytes.substr(0, bytes.size() * part);
}

// A memory file system of a given size, for filling. Only root may mount, and not in every
// container.
class SmallDisk {
  public:
    explicit SmallDisk(const std::string& place) : place_(place) {
        fs::create_directories(place);
        mounted_ = mount("tmpfs", place.c_str(), "tmpfs", 0, "size=256k") == 0;
    }
    ~SmallDisk() {
        if (mounted_) umount(place_.c_str());
    }
    bool mounted() const { return mounted_; }

  private:
    std::string place_;
    bool mounted_ = false;
};

}  // namespace

TEST_CASE("truncated pictures are refused") {
    for (const std::string extension : {"png", "jpg", "webp", "tiff", "gif"}) {
        const std::string whole = painted("." + extension, 120, 90);
        checkRefused("cut50." + extension, cut(whole, 0.5));
        checkRefused("head." + extension, whole.substr(0, 20));
    }
    for (const std::string extension : {"png", "jpg", "webp"})
        checkRefused("cut95." + extension, cut(painted("." + extension, 120, 90), 0.95));
}

TEST_CASE("--salvage takes what a truncated picture still gives") {
    Folder folder;
    for (const std::string extension : {"png", "jpg"}) {
        INFO(extension);
        writeBytes(folder / ("cut." + extension), cut(painted("." + extension, 120, 90), 0.6));
        const Result result = run({folder / ("cut." + extension), "-m", "bicubic", "--salvage",
                                   "-o", folder / ("out-" + extension + ".png")});
        INFO(result.err);
        CHECK(result.status == 0);
        CHECK(contains(result.err, "it is damaged"));
        if (result.status == 0) CHECK(sizeOf(folder / ("out-" + extension + ".png")) == "480x360");
        paint(folder / ("whole." + extension), 120, 90);
        CHECK_FALSE(contains(
            run({folder / ("whole." + extension), "-m", "bicubic", "--salvage"}).err, "damaged"));
    }
}

TEST_CASE("files that are no pictures are refused, whatever their name") {
    checkRefused("empty.png", "");
    checkRefused("words.jpg", "The quick brown fox jumps over the lazy dog.\n");
    checkRefused("zeros.png", std::string(5000, '\0'));
    checkRefused("table.csv", "1,2,3\n4,5,6\n");
    checkRefused("program.tiff",
                 "\x7f"
                 "ELF\x02\x01\x01" +
                     std::string(200, '\0'));
    checkRefused("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>\n");
    checkRefused("paper.pdf", "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n");
    checkRefused("script.mvg", "push graphic-context\nimage over 0,0 0,0 '/etc/passwd'\n");
    checkRefused("netpbm.ppm", "P6\n-5 7\n255\n");
}

TEST_CASE("a wrong extension does not matter, the content does") {
    Folder folder;
    writeBytes(folder / "really-jpeg.png", painted(".jpg", 10, 8));
    CHECK(run({folder / "really-jpeg.png", "-m", "bicubic", "-o", folder / "out.png"}).status == 0);
    CHECK(sizeOf(folder / "out.png") == "40x32");
}

TEST_CASE("sizes declared but not there are refused without the memory for them") {
    for (const auto& [width, height] : {std::pair{100000u, 100000u},
                                        {2000000000u, 2000000000u},
                                        {0xffffffffu, 1u},
                                        {0u, 0u},
                                        {0u, 10u},
                                        {30000u, 30000u}}) {
        INFO(width << " x " << height);
        Folder folder;
        writeBytes(folder / "bomb.png", pngDeclaring(width, height));
        const Result result = run({folder / "bomb.png", "-m", "bicubic", "-o", folder / "out.png"});
        CHECK(result.status == 1);
        checkManners(result, "bomb.png");
        CHECK(result.peak < 600);
        CHECK(files(folder.path()) == Names{"bomb.png"});
    }
    std::string jpeg = painted(".jpg", 40, 40);
    const auto frame = jpeg.find("\xff\xc0");
    REQUIRE(frame != std::string::npos);
    for (int i = 5; i < 9; ++i) jpeg[frame + i] = '\xfa';
    checkRefused("declared.jpg", jpeg);
}

TEST_CASE("--max-input-pixels draws the line") {
    Folder folder;
    paint(folder / "a.png", 40, 30);
    const Result result = run({folder / "a.png", "-m", "bicubic", "--max-input-pixels", "1000",
                               "-o", folder / "out.png"});
    CHECK(result.status == 1);
    checkManners(result, "a.png");
    CHECK(run({folder / "a.png", "-m", "bicubic", "--max-input-pixels", "1200", "-o",
               folder / "out.png"})
              .status == 0);
}

TEST_CASE("what is missing, a folder of nothing, or unreadable is said so") {
    Folder folder;
    const Result missing = run({folder / "gone.png", "-m", "bicubic"});
    CHECK(missing.status == 1);
    checkManners(missing, "gone.png");

    fs::create_directory(folder / "hollow");
    const Result hollow = run({folder / "hollow", "-m", "bicubic"});
    CHECK(hollow.status == 1);
    checkManners(hollow, "hollow");

    if (geteuid() == 0) {
        WARN("root reads every file; the unreadable one is skipped");
        return;
    }
    paint(folder / "secret.png", 10, 8);
    chmod((folder / "secret.png").c_str(), 0);
    const Result secret = run({folder / "secret.png", "-m", "bicubic", "-o", folder / "out.png"});
    CHECK(secret.status == 1);
    checkManners(secret, "secret.png");
}

TEST_CASE("a named pipe is read like standard input") {
    Folder folder;
    mkfifo((folder / "pipe.png").c_str(), 0600);
    std::thread writer([&] { writeBytes(folder / "pipe.png", painted(".png", 10, 8)); });
    const Result result = run({folder / "pipe.png", "-m", "bicubic", "-o", folder / "out.png"});
    writer.join();
    CHECK(result.status == 0);
    CHECK(sizeOf(folder / "out.png") == "40x32");
}

TEST_CASE("an endless stranger is refused by its first bytes") {
    Folder folder;
    Io io;
    io.timeout = 5;
    io.env["TMPDIR"] = folder.path();  // whatever it puts aside goes with the folder
    const Result device = run({"/dev/zero", "-m", "bicubic", "-o", folder / "out.png"}, io);
    CHECK(device.status == 1);
    checkManners(device, "/dev/zero");
    CHECK(files(folder.path()).empty());
}

TEST_CASE("an output that cannot be written fails in a sentence") {
    Folder folder;
    paint(folder / "in.png", 10, 8);
    writeBytes(folder / "file", "not a folder");
    const Result under =
        run({folder / "in.png", "-m", "bicubic", "-o", folder / "file" + std::string("/out.png")});
    CHECK(under.status == 1);
    checkManners(under, "file");
    CHECK(files(folder.path()) == Names{"file", "in.png"});

    const Result kernel = run({folder / "in.png", "-m", "bicubic", "-o", "/proc/out.png"});
    CHECK(kernel.status == 1);
    checkManners(kernel, "/proc");

    const Result unknown =
        run({folder / "in.png", "-m", "bicubic", "-o", folder / "out.unheard-of"});
    CHECK((unknown.status == 1 || unknown.status == 2));
    checkManners(unknown, "out.unheard-of");
}

TEST_CASE("a device or pipe is never replaced") {
    Folder folder;
    paint(folder / "in.png", 10, 8);
    const std::string pipe = folder / "pipe.png";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    const Result result = run({folder / "in.png", "-m", "bicubic", "--overwrite", "-o", pipe});
    CHECK(result.status == 1);
    checkManners(result, "pipe.png");
    CHECK(fs::is_fifo(pipe));
}

TEST_CASE("a full disk fails in a sentence and leaves nothing") {
    Folder folder;
    paint(folder / "in.png", 200, 200);
    Io io;
    io.outTo = "/dev/full";
    const Result full = run({folder / "in.png", "-m", "bicubic", "--format", "png", "-o", "-"}, io);
    CHECK(full.status == 1);
    CHECK_FALSE(full.err.empty());

    SmallDisk disk(folder / "disk");
    if (!disk.mounted()) {
        WARN("no small file system can be mounted here; skipped");
        return;
    }
    // What can be foreseen is refused before any work; what cannot is cleaned up.
    for (const std::string extension : {"tiff", "png", "jpg"}) {
        INFO(extension);
        const Result result = run({folder / "in.png", "-m", "bicubic", "-s", "16", "-q", "100",
                                   "-o", folder / ("disk/out." + extension)});
        CHECK(result.status == 1);
        checkManners(result, "/disk");
        CHECK(files(folder / "disk").empty());
    }
}

TEST_CASE("formats refuse what they cannot hold before any work") {
    Folder folder;
    paint(folder / "wide.png", 9000, 2);
    const Result webp =
        run({folder / "wide.png", "-m", "bicubic", "-s", "2", "-o", folder / "out.webp"});
    CHECK(webp.status == 1);
    checkManners(webp, "wide.png");
    const Result jpeg =
        run({folder / "wide.png", "-m", "bicubic", "-s", "8", "-o", folder / "out.jpg"});
    CHECK(jpeg.status == 1);
    checkManners(jpeg, "wide.png");
    CHECK(files(folder.path()) == Names{"wide.png"});
}

TEST_CASE("a damaged model stops it before anything starts") {
    Folder folder;
    paint(folder / "in.png", 10, 8);
    writeBytes(folder / "words.onnx", "not a network\n");
    writeBytes(folder / "empty.onnx", "");
    std::vector<std::string> models{"words.onnx", "empty.onnx", "missing.onnx"};
    for (const std::string name : {"faithful-x2", "faithful-x4"}) {
        if (shippedModel(name).empty()) continue;
        writeBytes(folder / "half.onnx", cut(bytesOf(shippedModel(name)), 0.5));
        models.push_back("half.onnx");
        break;
    }
    const Names before = files(folder.path());
    for (const auto& model : models) {
        INFO(model);
        const Result result =
            run({folder / "in.png", "-m", folder / model, "-o", folder / "out.png"});
        CHECK(result.status == 3);
        checkManners(result, model);
        CHECK(files(folder.path()) == before);
    }
    const Result unknown =
        run({folder / "in.png", "-m", "no-such-model", "-o", folder / "out.png"});
    CHECK(unknown.status == 3);
    checkManners(unknown, "no-such-model");
}

TEST_CASE("mistaken command lines are usage errors that name the mistake") {
    Folder folder;
    paint(folder / "in.png", 10, 8);
    const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
        {{"--no-such-option"}, "--no-such-option"},
        {{"-Z"}, "-Z"},
        {{"-q", "101"}, "101"},
        {{"-q", "good"}, "good"},
        {{"--depth", "12"}, "--depth"},
        {{"--memory", "plenty"}, "plenty"},
        {{"--overwrite", "--skip-existing"}, "--skip-existing"},
        {{"--format", "doc"}, "doc"},
        {{"--background", "blueish"}, "blueish"},
        {{"--consistency", "2"}, "--consistency"},
        {{"-j", "-1"}, "-1"}};
    for (const auto& [options, named] : mistakes) {
        INFO(options.front());
        std::vector<std::string> words{folder / "in.png", "-m", "bicubic"};
        words.insert(words.end(), options.begin(), options.end());
        const Result result = run(words);
        CHECK(result.status == 2);
        CHECK(contains(result.err, named));
        CHECK(files(folder.path()) == Names{"in.png"});
    }
}

TEST_CASE("stages that are not built accept only their neutral value") {
    Folder folder;
    paint(folder / "in.png", 10, 8);
    for (const auto& [option, neutral] : {std::pair<std::string, std::string>{"--noise", "0"},
                                          {"--blur", "0"},
                                          {"--compression", "0"},
                                          {"--prescale", "off"},
                                          {"--passes", "1"},
                                          {"--creativity", "0"},
                                          {"--blend", "0"},
                                          {"--grain", "0"},
                                          {"--faces", "off"},
                                          {"--protect-text", "off"}}) {
        INFO(option);
        const Result result = run({folder / "in.png", "-m", "bicubic", option, neutral,
                                   "--overwrite", "-o", folder / "out.png"});
        INFO(result.err);
        CHECK(result.status == 0);
    }
}

TEST_CASE("help and version are no errors") {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{}, {"--help"}, {"--version"}}) {
        const Result result = run(words);
        CHECK(result.status == 0);
        CHECK_FALSE(result.out.empty());
        CHECK(result.err.empty());
    }
}
