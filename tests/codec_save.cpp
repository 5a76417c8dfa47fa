// Writing: all or nothing, pipes, Deep Zoom, limits, full disks.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>

#include "codec_fixtures.h"

using namespace codec_test;
namespace fs = std::filesystem;

TEST_CASE("a cancelled run leaves nothing behind", "[codec][save]") {
    const Folder folder;
    SaveOptions options;
    double last = 0;
    for (const Format format : {Format::png, Format::tiff, Format::jpeg, Format::dz}) {
        const VImage image =
            VImage::gaussnoise(3000, 3000)
                .cast(VIPS_FORMAT_UCHAR)
                .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
        Cancel fresh;
        options.cancel = &fresh;
        options.progress = [&](double done) {
            last = done;
            if (done > 0.05) fresh.request();
        };
        Kind kind = Kind::internal;
        sentenceOf([&] { save(picture(image), format, folder / "c.out", options); }, &kind);
        CHECK(kind == Kind::cancelled);
        CHECK(last < 1);
        CHECK(folder.entries() == 0);
    }
}

TEST_CASE("cancelling stops decoding", "[codec][save]") {
    const Folder folder;
    save(picture(pattern(400, 400, 3)), Format::png, folder / "a.png", {});
    Cancel cancel;
    LoadOptions options;
    options.cancel = &cancel;
    Picture p = open(folder / "a.png", options);
    cancel.request();
    Kind kind = Kind::internal;
    sentenceOf([&] { decode(p, folder / "a.png", options); }, &kind);
    CHECK(kind == Kind::cancelled);
}

TEST_CASE("progress runs from 0 to 1", "[codec][save]") {
    const Folder folder;
    SaveOptions options;
    double last = -1;
    options.progress = [&](double done) {
        CHECK(done >= 0);
        CHECK(done <= 1);
        last = std::max(last, done);
    };
    save(picture(pattern(500, 500, 3)), Format::png, folder / "a.png", options);
    CHECK(last == 1);
}

TEST_CASE("a full disk is a clear sentence and leaves nothing", "[codec][save]") {
    const Folder folder;
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const VImage noise =
        VImage::gaussnoise(400, 400, VImage::option()->set("mean", 128)->set("sigma", 60.0))
            .cast(VIPS_FORMAT_UCHAR)
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
    for (const Format format : {Format::png, Format::jpeg, Format::tiff, Format::webp}) {
        rlimit tight = before;
        tight.rlim_cur = 20000;
        setrlimit(RLIMIT_FSIZE, &tight);
        Kind kind = Kind::internal;
        const std::string sentence =
            sentenceOf([&] { save(picture(noise), format, folder / "full.out", {}); }, &kind);
        setrlimit(RLIMIT_FSIZE, &before);
        INFO(sentence);
        CHECK(kind == Kind::output);
        CHECK(sentence.find("cannot write '") == 0);
        CHECK(sentence.find("full.out") != std::string::npos);
        CHECK(folder.entries() == 0);
    }
    std::signal(SIGXFSZ, SIG_DFL);
}

TEST_CASE("a result replaces an older file, and only when complete", "[codec][save]") {
    const Folder folder;
    save(picture(pattern(20, 20, 3)), Format::png, folder / "a.png", {});
    save(picture(pattern(30, 30, 3)), Format::png, folder / "a.png", {});
    CHECK(decoded(folder / "a.png").width() == 30);
    CHECK(folder.entries() == 1);
}

TEST_CASE("standard input and output", "[codec][save]") {
    const Folder folder;
    const VImage image = pattern(31, 17, 3);
    save(picture(image), Format::png, folder / "a.png", {});

    const int keptIn = dup(0), keptOut = dup(1);
    const int in = ::open((folder / "a.png").c_str(), O_RDONLY);
    dup2(in, 0);
    close(in);
    const Picture read = decoded("-");
    dup2(keptIn, 0);
    close(keptIn);
    CHECK(largestDifference(read.frames[0], image) == 0);

    fflush(stdout);
    const int out = ::open((folder / "b.tiff").c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(out, 1);
    close(out);
    std::string trouble;
    trouble = sentenceOf([&] { save(picture(image), Format::tiff, "-", {}); });
    dup2(keptOut, 1);
    close(keptOut);
    CHECK(trouble.empty());
    CHECK(largestDifference(decoded(folder / "b.tiff").frames[0], image) == 0);
}

TEST_CASE("a pipe is read as a file is", "[codec][save]") {
    const Folder folder;
    const VImage image = pattern(31, 17, 3);
    save(picture(image), Format::tiff, folder / "a.tiff", {});
    REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
    const std::string command = "cat '" + folder / "a.tiff" + "' > '" + folder / "pipe" + "' &";
    REQUIRE(std::system(command.c_str()) == 0);
    CHECK(largestDifference(decoded(folder / "pipe").frames[0], image) == 0);
}

TEST_CASE("Deep Zoom as a folder and as a zip", "[codec][save]") {
    const Folder folder;
    save(picture(pattern(600, 400, 3)), Format::dz, folder / "map.dzi", {});
    CHECK(folder.entries() == 2);
    const std::string dzi = readFile(folder / "map.dzi");
    CHECK(dzi.find("Width=\"600\"") != std::string::npos);
    CHECK(dzi.find("Height=\"400\"") != std::string::npos);
    CHECK(fs::exists(folder / "map_files/10/0_0.jpg"));
    CHECK(fs::exists(folder / "map_files/10/2_1.jpg"));
    // Written again, smaller: no tile of the first stays.
    save(picture(pattern(100, 80, 4)), Format::dz, folder / "map.dzi", {});
    CHECK(fs::exists(folder / "map_files/7/0_0.png"));
    CHECK(!fs::exists(folder / "map_files/10"));
    CHECK(folder.entries() == 2);
    save(picture(pattern(600, 400, 3)), Format::dz, folder / "map.dz.zip", {});
    const std::string zip = readFile(folder / "map.dz.zip");
    CHECK(zip.substr(0, 2) == "PK");
    CHECK(zip.find("map_files/10/2_1.jpg") != std::string::npos);
    CHECK(zip.find("map.dzi") != std::string::npos);
    CHECK(!sentenceOf([&] { save(picture(pattern(9, 9, 3)), Format::dz, "-", {}); }).empty());
}

TEST_CASE("limits are known before the first pixel", "[codec][save]") {
    const Folder folder;
    const auto wide = [](int width) {
        return picture(
            VImage::black(width, 10, VImage::option()->set("bands", 3))
                .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB)));
    };
    const auto refused = [&](const Picture& p, Format format, const SaveOptions& options) {
        Kind kind = Kind::internal;
        const std::string s =
            sentenceOf([&] { checkSave(p, format, folder / "x", options); }, &kind);
        return kind == Kind::output ? s : std::string();
    };
    CHECK(refused(wide(16383), Format::webp, {}).empty());
    CHECK(refused(wide(16384), Format::webp, {}).find("16383") != std::string::npos);
    CHECK(!refused(wide(70000), Format::jpeg, {}).empty());
    CHECK(!refused(wide(70000), Format::gif, {}).empty());
    CHECK(!refused(wide(17000), Format::avif, {}).empty());
    CHECK(refused(wide(70000), Format::tiff, {}).empty());
    for (const Format format : {Format::bmp, Format::heic, Format::exr})
        CHECK(refused(wide(10), format, {}).find("is not written") != std::string::npos);
    SaveOptions tight;
    tight.memory = 1000;
    CHECK(refused(wide(100), Format::webp, tight).find("--memory") != std::string::npos);
    CHECK(refused(wide(100), Format::png, tight).empty());
    const Picture vast =
        picture(VImage::black(9000000, 9000000, VImage::option()->set("bands", 3)));
    CHECK(refused(vast, Format::ppm, {}).find("MB left") != std::string::npos);
}

TEST_CASE("large files become BigTIFF, with their metadata", "[codec][save][.large]") {
    const Folder folder;
    Picture p =
        picture(VImage::black(40000, 40000, VImage::option()->set("bands", 3))
                    .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB)));
    p.metadata.exif = cameraExif();
    save(p, Format::tiff, folder / "big.tiff", {});
    std::ifstream file(folder / "big.tiff", std::ios::binary);
    std::string head(4, '\0');
    file.read(head.data(), 4);
    CHECK(head == std::string("II+\0", 4));
    const auto said = exiftool(folder / "big.tiff");
    CHECK(said.value("IFD0:Make", "") == "Acme");
    // exiftool names the directory differently in BigTIFF.
    CHECK(said.value("ExifOffset:DateTimeOriginal", "") == "2021:02:03 04:05:06");
    LoadOptions options;
    options.maxPixels = 1e10;
    CHECK(open(folder / "big.tiff", options).width() == 40000);
}
