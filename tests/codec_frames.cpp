// Many frames, eight orientations.
#include <catch2/catch.hpp>

#include "base/files.h"
#include "codec/containers.h"
#include "codec/formats.h"
#include "codec_fixtures.h"

using namespace codec_test;

namespace {

Picture film(int frames) {
    Picture p;
    p.animated = true;
    p.loop = 3;
    for (int i = 0; i < frames; ++i) {
        p.frames.push_back(
            (soft(40, 30, 3) * 0.5 + 40 * i)
                .cast(VIPS_FORMAT_UCHAR)
                .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB)));
        p.delays.push_back(50 + 70 * i);
    }
    return p;
}

// Where the pixel that stands at (x, y) upright lies in a file of this orientation.
std::pair<int, int> stored(int orientation, int x, int y, int width, int height) {
    switch (orientation) {
        case 2:
            return {width - 1 - x, y};
        case 3:
            return {width - 1 - x, height - 1 - y};
        case 4:
            return {x, height - 1 - y};
        case 5:
            return {y, x};
        case 6:
            return {y, width - 1 - x};
        case 7:
            return {height - 1 - y, width - 1 - x};
        case 8:
            return {height - 1 - y, x};
        default:
            return {x, y};
    }
}

// The picture as a camera held that way would store it, pixel by pixel.
VImage turned(const VImage& upright, int orientation) {
    const int w = upright.width(), h = upright.height();
    const bool side = orientation >= 5;
    std::vector<unsigned char> pixels(static_cast<std::size_t>(w * h * 3));
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            const auto [sx, sy] = stored(orientation, x, y, w, h);
            const auto pixel = upright.getpoint(x, y);
            for (int b = 0; b < 3; ++b)
                pixels[static_cast<std::size_t>((sy * (side ? h : w) + sx) * 3 + b)] =
                    static_cast<unsigned char>(pixel[static_cast<std::size_t>(b)]);
        }
    // libvips takes the buffer over; a mere reference would outlive `pixels`.
    void* owned = g_memdup2(pixels.data(), pixels.size());
    return VImage::new_from_memory_steal(owned, pixels.size(), side ? h : w, side ? w : h, 3,
                                         VIPS_FORMAT_UCHAR)
        .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

void writeOriented(const VImage& image, int orientation, const std::string& path,
                   const std::string& kind) {
    if (kind == "tiff") {
        const VImage tagged = image.copy();
        VImage(tagged).set("orientation", orientation);
        tagged.tiffsave(path.c_str());
        return;
    }
    SaveOptions options;
    options.lossless = true;
    save(picture(image), *formatOfName(kind), path, options);
    Metadata metadata;
    metadata.exif = cameraExif(orientation % 2, orientation);
    const std::string file = readFile(path);
    std::ofstream(path, std::ios::binary)
        << (kind == "png"    ? pngWith(file, metadata)
            : kind == "webp" ? webpWith(file, metadata, image.width(), image.height(), false)
                             : jpegWith(file, metadata));
}

}  // namespace

TEST_CASE("all eight orientations come out upright, bit for bit", "[codec][orientation]") {
    const Folder folder;
    const VImage image = pattern(19, 11, 3);
    for (const std::string kind : {"png", "tiff", "webp"})
        for (int orientation = 1; orientation <= 8; ++orientation) {
            INFO(kind << " orientation " << orientation);
            const std::string path = folder / ("o." + kind);
            writeOriented(turned(image, orientation), orientation, path, kind);
            const Picture header = open(path, {});
            CHECK(header.width() == 19);
            CHECK(header.height() == 11);
            CHECK(largestDifference(header.frames[0], image) == 0);
            CHECK(largestDifference(decoded(path).frames[0], image) == 0);
            // Written again, nothing turns it a second time.
            save(decoded(path), Format::png, folder / "again.png", {});
            CHECK(largestDifference(decoded(folder / "again.png").frames[0], image) == 0);
        }
}

TEST_CASE("an oriented JPEG is the plain one, turned", "[codec][orientation]") {
    const Folder folder;
    const VImage image = pattern(24, 16, 3);
    writeOriented(image, 1, folder / "plain.jpg", "jpg");
    const VImage plain = decoded(folder / "plain.jpg").frames[0];
    for (int orientation = 2; orientation <= 8; ++orientation) {
        INFO(orientation);
        writeOriented(image, orientation, folder / "o.jpg", "jpg");
        const VImage read = decoded(folder / "o.jpg").frames[0];
        CHECK(largestDifference(turned(read, orientation), plain) == 0);
    }
}

TEST_CASE("animations keep frames, delays and repetitions", "[codec][frames]") {
    const Folder folder;
    for (const char* kind : {"gif", "webp"}) {
        INFO(kind);
        const std::string path = folder / (std::string("a.") + kind);
        const Picture p = film(4);
        save(p, *formatOfName(kind), path, {});
        const Picture read = decoded(path);
        REQUIRE(read.frames.size() == 4);
        CHECK(read.animated);
        CHECK(read.loop == 3);
        CHECK(read.delays == p.delays);
        CHECK(read.height() == 30);
        for (std::size_t i = 0; i < 4; ++i) {
            const VImage colour = read.frames[i].extract_band(0, VImage::option()->set("n", 3));
            CHECK(std::abs(colour.avg() - p.frames[i].avg()) < 4);
        }
        LoadOptions one;
        one.page = 2;
        const Picture third = decoded(path, one);
        CHECK(third.frames.size() == 1);
        CHECK(std::abs(third.frames[0].extract_band(0).avg() - p.frames[2].extract_band(0).avg()) <
              4);
    }
}

TEST_CASE("TIFF keeps pages, and says when they differ in size", "[codec][frames]") {
    const Folder folder;
    Picture p = film(3);
    p.metadata.exif = cameraExif();
    CHECK(checkSave(p, Format::tiff, folder / "p.tiff", {}).size() == 1);
    save(p, Format::tiff, folder / "p.tiff", {});
    const Picture read = decoded(folder / "p.tiff");
    REQUIRE(read.frames.size() == 3);
    CHECK(!read.animated);
    for (std::size_t i = 0; i < 3; ++i) CHECK(largestDifference(read.frames[i], p.frames[i]) == 0);
    LoadOptions options;
    options.page = 1;
    CHECK(largestDifference(decoded(folder / "p.tiff", options).frames[0], p.frames[1]) == 0);
    options.page = 3;
    CHECK(sentenceOf([&] { open(folder / "p.tiff", options); }).find("has 3 pages") !=
          std::string::npos);
    options = {};
    options.maxPixels = 40 * 30 * 2;
    CHECK(sentenceOf([&] { open(folder / "p.tiff", options); }).find("--max-input-pixels") !=
          std::string::npos);
}

namespace {

/// So many bytes, the least first.
std::string number(unsigned value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; i++) out += char(value >> 8 * i);
    return out;
}

}  // namespace

TEST_CASE("a page of a TIFF is what it is, and not what the first one is", "[codec][frames]") {
    const Folder folder;
    // Two pages of a pixel: colour, and colour with transparency; both of the same samples.
    std::string file = "II*" + std::string(1, '\0') + number(20, 4);
    for (int i = 0; i < 4; i++) file += number(8, 2);
    file += number(10, 1) + number(20, 1) + number(30, 1) + number(128, 1);
    for (const unsigned samples : {3u, 4u}) {
        const std::vector<std::pair<unsigned, unsigned>> fields = {
            {256, 1},  {257, 1},       {258, 8}, {259, 1},       {262, 2},
            {273, 16}, {277, samples}, {278, 1}, {279, samples}, {338, 2}};
        const std::size_t count = samples == 4 ? 10 : 9;
        std::string directory = number(unsigned(count), 2);
        for (std::size_t i = 0; i < count; i++) {
            const auto& [tag, value] = fields[i];
            directory += number(tag, 2) + number(tag == 273 ? 4 : 3, 2) +
                         number(tag == 258 ? samples : 1, 4) + number(value, 4);
        }
        const std::size_t next = file.size() + directory.size() + 4;
        file += directory + number(samples == 3 ? unsigned(next) : 0, 4);
    }
    acuity::writeFile(folder / "both.tiff", file);
    LoadOptions options;
    options.page = 1;
    const Picture second = decoded(folder / "both.tiff", options);
    CHECK(second.notes.empty());
    CHECK(second.frames[0].getpoint(0, 0) == std::vector<double>{10, 20, 30, 128});
    options.page = 0;
    CHECK(decoded(folder / "both.tiff", options).frames[0].bands() == 3);
    const std::string all = sentenceOf([&] { open(folder / "both.tiff", {}); });
    CHECK(all.find("choose one with --page N") != std::string::npos);
}

TEST_CASE("one picture formats take the first frame and say so", "[codec][frames]") {
    const Folder folder;
    CHECK(checkSave(film(2), Format::png, folder / "a.png", {}).size() == 1);
    save(film(2), Format::png, folder / "a.png", {});
    CHECK(largestDifference(decoded(folder / "a.png").frames[0], film(2).frames[0]) == 0);
}
