// What docs/formats.md promises for every writable format, with exiftool as the witness.
#include <catch2/catch.hpp>

#include "codec/formats.h"
#include "codec_fixtures.h"

using namespace codec_test;

namespace {

struct Promise {
    const char* extension;
    bool exif, xmp, iptc, icc;
    const char* dpi;  // exiftool's key, or ""
};

constexpr Promise kPromises[] = {
    {"jpg", true, true, true, true, "JFIF:XResolution"},
    {"png", true, true, false, true, "PNG-pHYs:PixelsPerUnitX"},
    {"webp", true, true, false, true, "IFD0:XResolution"},
    {"tiff", true, true, true, true, "IFD0:XResolution"},
    {"avif", true, true, false, true, "IFD0:XResolution"},
    {"jxl", true, true, false, false, "IFD0:XResolution"},
    {"gif", false, true, false, false, ""},
};

Picture rich(bool bigEndian) {
    Picture p = picture(soft(48, 32, 3));
    p.metadata.icc = profile("p3");
    p.metadata.exif = cameraExif(bigEndian);
    p.metadata.xmp = cameraXmp();
    p.metadata.iptc = cameraIptc();
    return p;
}

SaveOptions at300() {
    SaveOptions options;
    options.dpiX = options.dpiY = 300;
    return options;
}

}  // namespace

TEST_CASE("metadata survives as promised", "[codec][matrix]") {
    if (!haveExiftool()) return;
    const Folder folder;
    for (const bool bigEndian : {false, true})
        for (const Promise& promise : kPromises) {
            const std::string path = folder / (std::string("rich.") + promise.extension);
            INFO(path << (bigEndian ? " MM" : " II"));
            save(rich(bigEndian), *formatOfName(promise.extension), path, at300());
            const auto said = exiftool(path);
            const auto text = [&](const char* key) {
                return said.contains(key) ? said[key].dump() : std::string("absent");
            };
            CHECK(text("ExifTool:Error") == "absent");
            CHECK(text("ExifTool:Warning") == "absent");
            if (promise.exif) {
                CHECK(text("IFD0:Make") == "\"Acme\"");
                CHECK(text("IFD0:Artist") == "\"Zo\xc3\xab\"");
                CHECK(text("IFD0:Copyright") == "\"(c) Nobody\"");
                CHECK(text("ExifIFD:DateTimeOriginal") == "\"2021:02:03 04:05:06\"");
                CHECK(text("IFD0:Orientation") == "1");
                CHECK(text("ExifIFD:ExifImageWidth") == "48");
                CHECK(text("ExifIFD:ExifImageHeight") == "32");
                CHECK(text("GPS:GPSLatitude").substr(0, 7) == "48.2083");
            } else {
                CHECK(text("IFD0:Make") == "absent");
            }
            if (promise.xmp) {
                CHECK(text("XMP-xmp:Rating") == "4");
                CHECK(text("XMP-tiff:Orientation") == "1");
                CHECK(text("XMP-tiff:ImageWidth") == "48");
                CHECK(text("XMP-tiff:ImageHeight") == "32");
            }
            CHECK(text(promise.iptc ? "IPTC:City" : "XMP-photoshop:City") == "\"Wien\"");
            CHECK(text(promise.iptc ? "IPTC:Keywords" : "XMP-dc:Subject") == "[\"one\",\"two\"]");
            if (promise.icc) CHECK(text("ICC_Profile:ProfileDescription") == "\"sP3C\"");
            if (*promise.dpi)
                CHECK(said.value(promise.dpi, 0) ==
                      (said.contains("PNG-pHYs:PixelUnits") ? 11811 : 300));
        }
}

TEST_CASE("what is written is read again", "[codec][matrix]") {
    const Folder folder;
    for (const Promise& promise : kPromises) {
        const std::string path = folder / (std::string("again.") + promise.extension);
        INFO(path);
        save(rich(false), *formatOfName(promise.extension), path, at300());
        const Picture read = decoded(path);
        CHECK(read.width() == 48);
        CHECK(read.height() == 32);
        CHECK(read.format == *formatOfName(promise.extension));
        if (*promise.dpi) CHECK(read.metadata.dpiX == Approx(300));
        CHECK(read.metadata.xmp.find("Rating") != std::string::npos);
        if (std::string(promise.extension) != "gif") {
            CHECK(!read.metadata.icc.empty());
            const auto exif = Exif::parse(read.metadata.exif);
            REQUIRE(exif);
            CHECK(exif->find(exif->photo, exif_tag::makerNote)->data.substr(0, 6) == "a note");
        }
        if (promise.iptc) CHECK(read.metadata.iptc.substr(0, cameraIptc().size()) == cameraIptc());
    }
}

TEST_CASE("without metadata only the profile stays", "[codec][matrix]") {
    if (!haveExiftool()) return;
    const Folder folder;
    for (const Promise& promise : kPromises) {
        const std::string path = folder / (std::string("none.") + promise.extension);
        INFO(path);
        SaveOptions options;
        options.keepMetadata = false;
        save(rich(false), *formatOfName(promise.extension), path, options);
        const auto said = exiftool(path);
        CHECK(!said.contains("IFD0:Make"));
        CHECK(!said.contains("XMP-xmp:Rating"));
        CHECK(!said.contains("XMP-photoshop:City"));
        CHECK(!said.contains("IPTC:City"));
        CHECK(!said.contains("GPS:GPSLatitude"));
        if (promise.icc) CHECK(said.contains("ICC_Profile:ProfileDescription"));
        CHECK(decoded(path).metadata.dpiX == 0);
    }
}

TEST_CASE("depth, bands and pixels survive where the format is exact", "[codec][matrix]") {
    const Folder folder;
    for (const char* name : {"png", "tiff", "jxl", "webp"})
        for (const int bands : {1, 2, 3, 4})
            for (const bool deep : {false, true}) {
                const Format format = *formatOfName(name);
                if (deep && !facts(format).deep) continue;
                // WebP knows no grey.
                if (format == Format::webp && bands < 3) continue;
                const std::string path = folder / ("exact." + std::string(name));
                INFO(path << " bands " << bands << " deep " << deep);
                VImage image = pattern(37, 23, bands, deep);
                // Colours under full transparency may be forgotten by an encoder.
                if (bands % 2 == 0)
                    image = image.extract_band(0, VImage::option()->set("n", bands - 1))
                                .bandjoin((image.extract_band(bands - 1) / 2 + (deep ? 20000 : 80))
                                              .cast(image.format()))
                                .copy_memory();
                SaveOptions options;
                options.lossless = true;
                save(picture(image), format, path, options);
                const Picture read = decoded(path);
                CHECK(read.frames[0].format() == image.format());
                CHECK(largestDifference(read.frames[0], image) == 0);
            }
}

TEST_CASE("lossy formats stay close", "[codec][matrix]") {
    const Folder folder;
    const VImage image = soft(64, 48, 3);
    for (const char* name : {"jpg", "webp", "avif", "jxl", "ppm"}) {
        const std::string path = folder / (std::string("close.") + name);
        INFO(path);
        save(picture(image), *formatOfName(name), path, {});
        CHECK(largestDifference(decoded(path).frames[0], image) < 16);
    }
}

TEST_CASE("AVIF keeps twelve bits and a full white", "[codec][matrix]") {
    const Folder folder;
    const VImage white =
        (VImage::black(32, 16, VImage::option()->set("bands", 3)) + 65535)
            .cast(VIPS_FORMAT_USHORT)
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16));
    SaveOptions options;
    options.quality = 100;
    save(picture(white), Format::avif, folder / "w.avif", options);
    const Picture read = decoded(folder / "w.avif");
    CHECK(read.depth() == 16);
    CHECK(read.frames[0].max() == 65535);
    CHECK(read.frames[0].min() > 65400);
    CHECK(checkSave(picture(white), Format::avif, folder / "w.avif", options).size() == 1);
}

TEST_CASE("linear light stays in TIFF and is encoded elsewhere", "[codec][matrix]") {
    const Folder folder;
    Picture p =
        picture((VImage::black(8, 8, VImage::option()->set("bands", 3)) + 0.2140411)
                    .cast(VIPS_FORMAT_FLOAT)
                    .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_scRGB)));
    p.linear = true;
    save(p, Format::tiff, folder / "f.tiff", {});
    const Picture tiff = decoded(folder / "f.tiff");
    CHECK(tiff.linear);
    CHECK(tiff.depth() == 32);
    CHECK(tiff.frames[0].avg() == Approx(0.2140411));
    save(p, Format::png, folder / "f.png", {});
    const Picture png = decoded(folder / "f.png");
    CHECK(png.depth() == 16);
    CHECK(png.frames[0].avg() == Approx(32768).margin(2));
    CHECK(checkSave(p, Format::png, folder / "f.png", {}).size() == 1);
}

TEST_CASE("transparency is laid over the background where it cannot be held", "[codec][matrix]") {
    const Folder folder;
    const VImage clear =
        VImage::black(16, 16, VImage::option()->set("bands", 4))
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    SaveOptions options;
    options.background = 0x00ff00;
    options.quality = 100;
    CHECK(checkSave(picture(clear), Format::jpeg, folder / "c.jpg", options).size() == 1);
    save(picture(clear), Format::jpeg, folder / "c.jpg", options);
    const auto pixel = decoded(folder / "c.jpg").frames[0].getpoint(3, 3);
    REQUIRE(pixel.size() == 3);
    CHECK(pixel[0] < 3);
    CHECK(pixel[1] > 252);
    const VImage grey = VImage::black(16, 16, VImage::option()->set("bands", 2))
                            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
    save(picture(grey), Format::jpeg, folder / "g.jpg", {});
    CHECK(decoded(folder / "g.jpg").frames[0].bands() == 1);
    CHECK(decoded(folder / "g.jpg").frames[0].min() > 252);
}
