// EXIF, XMP and IPTC as bytes: stable, corrected, and safe against hostile input.
#include <catch2/catch.hpp>
#include <random>

#include "codec/containers.h"
#include "codec/heif_items.h"
#include "codec/xmp.h"
#include "codec_fixtures.h"

using namespace codec_test;

TEST_CASE("EXIF read, written and read again is the same", "[codec][exif]") {
    for (const bool bigEndian : {false, true}) {
        const std::string bytes = cameraExif(bigEndian);
        const auto first = Exif::parse(bytes);
        REQUIRE(first);
        CHECK(first->bigEndian == bigEndian);
        CHECK(first->bytes() == bytes);
        CHECK(Exif::parse(first->bytes()) == first);
        CHECK(first->integer(first->main, exif_tag::orientation) == 6u);
        CHECK(first->find(first->gps, 2)->data.size() == 24);
    }
}

TEST_CASE("the maker's note stays where its own offsets hold", "[codec][exif]") {
    auto exif = Exif::parse(cameraExif());
    REQUIRE(exif);
    const auto place = exif->makerNotePlace;
    REQUIRE(place > 0);
    exif->main.push_back({50000, 2, 4, std::string("abc\0", 4)});
    Exif::erase(exif->gps, 2);
    const auto again = Exif::parse(exif->bytes());
    REQUIRE(again);
    CHECK(again->find(again->photo, exif_tag::makerNote)->data ==
          "a note of the maker's own" + std::string(1, '\0'));
    CHECK(again->makerNotePlace == place);
}

TEST_CASE("corrections of EXIF", "[codec][exif]") {
    auto exif = Exif::parse(cameraExif());
    correct(*exif, 12, 34, 300, 72.5);
    CHECK(exif->integer(exif->main, exif_tag::orientation) == 1u);
    CHECK(exif->integer(exif->main, exif_tag::imageWidth) == 12u);
    CHECK(exif->integer(exif->photo, exif_tag::pixelY) == 34u);
    CHECK(exif->rational(exif->main, exif_tag::xResolution) == 300);
    CHECK(exif->rational(exif->main, exif_tag::yResolution) == 72.5);
    correct(*exif, 12, 34, 0, 0);
    CHECK(!exif->find(exif->main, exif_tag::xResolution));
}

TEST_CASE("directories that point at themselves end", "[codec][exif]") {
    Exif exif;
    exif.setLong(exif.main, exif_tag::photo, 8);
    exif.setLong(exif.main, exif_tag::gps, 8);
    const auto parsed = Exif::parse(exif.bytes());
    REQUIRE(parsed);
    CHECK(parsed->bytes().size() < 200);
}

TEST_CASE("fields that share bytes cannot blow the block up", "[codec][exif]") {
    std::string bytes = cameraExif();
    std::string hostile("II*\0\x08\0\0\0\xff\x03", 10);
    for (int i = 0; i < 1023; ++i) {
        const char entry[12] = {
            static_cast<char>(i), static_cast<char>(i >> 8), 7, 0, 0, 0x30, 0, 0, 8, 0, 0, 0};
        hostile.append(entry, 12);
    }
    hostile.resize(20000);
    const auto parsed = Exif::parse(hostile);
    REQUIRE(parsed);
    CHECK(parsed->bytes().size() < 3 * hostile.size());
}

TEST_CASE("random bytes and flipped bits never break the EXIF reader", "[codec][exif]") {
    std::mt19937 random(7);
    const std::string sound = cameraExif();
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = sound;
        if (round % 3 == 0) {
            for (char& c : bytes) c = static_cast<char>(random());
            bytes.replace(0, 4, round % 2 ? std::string("II*\0", 4) : std::string("MM\0*", 4));
        } else {
            for (int k = 0; k < 1 + round % 5; ++k)
                bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        bytes.resize(random() % (bytes.size() + 1));
        const auto parsed = Exif::parse(bytes);
        if (!parsed) continue;
        const auto again = Exif::parse(parsed->bytes());
        REQUIRE(again);
        REQUIRE(again->main == parsed->main);
        REQUIRE(again->photo == parsed->photo);
        REQUIRE(again->gps == parsed->gps);
    }
}

TEST_CASE("XMP is corrected in both spellings", "[codec][xmp]") {
    const std::string xmp = correctedXmp(
        "<d tiff:Orientation='8' exif:PixelXDimension = "
        "\"7\"><tiff:ImageLength>5</tiff:ImageLength>"
        "<xmp:Thumbnails><rdf:Alt>QUJD</rdf:Alt></xmp:Thumbnails><x "
        "tiff:XResolution=\"72/1\"/></d>",
        640, 480, 300, 300);
    CHECK(xmp ==
          "<d tiff:Orientation='1' exif:PixelXDimension = \"640\"><tiff:ImageLength>480"
          "</tiff:ImageLength><x tiff:XResolution=\"300/1\"/></d>");
    CHECK(correctedXmp("<tiff:Orientation>", 1, 1, 0, 0) == "<tiff:Orientation>");
    CHECK(correctedXmp("", 1, 1, 72, 72).empty());
}

TEST_CASE("IPTC becomes XMP and travels through Photoshop's resources", "[codec][xmp]") {
    const std::string xmp = withIptc("", cameraIptc());
    CHECK(xmp.find("<photoshop:City>Wien</photoshop:City>") != std::string::npos);
    CHECK(xmp.find("<rdf:li>one</rdf:li><rdf:li>two</rdf:li>") != std::string::npos);
    CHECK(withIptc(xmp, cameraIptc()) == xmp);
    CHECK(iptcOfPhotoshop(photoshopOfIptc(cameraIptc())) == cameraIptc());
    CHECK(
        withIptc("", std::string("\x1c\x02\x5a\x00\x04<&\xe9\x01", 9)).find("&lt;&amp;\xc3\xa9 ") !=
        std::string::npos);
}

TEST_CASE("random bytes never break the readers and writers of containers", "[codec][exif]") {
    const Folder folder;
    std::mt19937 random(11);
    Metadata metadata;
    metadata.exif = cameraExif();
    metadata.xmp = cameraXmp();
    metadata.dpiX = metadata.dpiY = 300;
    Picture p = picture(soft(16, 16, 3));
    p.metadata = metadata;
    save(p, Format::avif, folder / "a.avif", {});
    save(p, Format::jxl, folder / "a.jxl", {});
    const std::string sound[] = {readFile(folder / "a.avif"), readFile(folder / "a.jxl")};
    for (int round = 0; round < 2000; ++round) {
        std::string bytes = sound[round % 2];
        for (int k = 0; k < 1 + round % 4; ++k)
            bytes[random() % std::min<std::size_t>(bytes.size(), 700)] =
                static_cast<char>(random());
        if (round % 7 == 0) bytes.resize(random() % bytes.size());
        (void)heifWith(bytes, metadata);
        (void)jxlWith(bytes, metadata);
        (void)jpegWith(bytes, metadata);
        (void)pngWith(bytes, metadata);
        (void)gifWith(bytes, metadata);
        (void)webpWith(bytes, metadata, 3, 3, false);
        (void)iptcOfPhotoshop(bytes);
        (void)withIptc(bytes, bytes);
        std::ofstream(folder / "x", std::ios::binary) << bytes;
        (void)heifMetadata(folder / "x");
        (void)jxlMetadata(folder / "x");
        (void)gifXmp(folder / "x");
    }
    SUCCEED();
}
