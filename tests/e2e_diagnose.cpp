// `acuity diagnose`, as a person runs it: damage done here must be found.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "codec/jpeg_tables.h"
#include "codec/tiff_file.h"
#include "ops/resample.h"
#include "support.h"

using namespace acuity;
using namespace acuity::test;
using nlohmann::json;
using vips::VImage;

namespace {

/// A photograph of the examples, made small, so that it is sharp.
VImage sharp() {
    const VImage photo = look(fs::path(ACUITY_SOURCE) / "examples/parrots.jpg");
    return ops::resample(photo, photo.width() / 2, photo.height() / 2, ops::Kernel::bicubic);
}

/// The examples in one, so that there is more to see.
VImage several() {
    const auto part = [](const char* name) {
        const VImage image = look(fs::path(ACUITY_SOURCE) / "examples" / name);
        return ops::resample(image, 280, 200, ops::Kernel::lanczos);
    };
    const VImage houses = part("houses.png");
    return VImage::arrayjoin(
        {houses, part("parrots.jpg"), part("portrait.jpg"), houses.flip(VIPS_DIRECTION_HORIZONTAL)},
        VImage::option()->set("across", 2));
}

json diagnosed(const std::string& path) {
    const Result result = run({"diagnose", path, "--json"});
    INFO(result.err);
    REQUIRE(result.status == 0);
    return json::parse(result.out)["diagnosis"];
}

json diagnosed(const Folder& folder, const VImage& image) {
    image.write_to_file((folder / "in.png").c_str());
    return diagnosed(folder / "in.png");
}

double measured(const json& diagnosis, const char* what) {
    return diagnosis[what]["value"];
}

VImage noisy(const VImage& image, double sigma) {
    const VImage noise =
        VImage::gaussnoise(image.width(), image.height(),
                           VImage::option()->set("mean", 0)->set("sigma", sigma)->set("seed", 3));
    return (image + noise).cast(VIPS_FORMAT_UCHAR);
}

}  // namespace

TEST_CASE("noise is measured") {
    const Folder folder;
    CHECK(measured(diagnosed(folder, sharp()), "noiseLuma") < 3);
    for (const double sigma : {6.0, 12.0, 20.0})
        CHECK(measured(diagnosed(folder, noisy(sharp(), sigma)), "noiseLuma") ==
              Approx(sigma).margin(2));
}

TEST_CASE("true resolution is measured, and a former enlargement seen") {
    const Folder folder;
    const VImage image = sharp();
    const json clean = diagnosed(folder, image);
    CHECK(measured(clean, "trueResolution") > 0.85);
    const VImage grown =
        ops::resample(image, image.width() * 2, image.height() * 2, ops::Kernel::bicubic);
    const json twice = diagnosed(folder, grown);
    CHECK(measured(twice, "trueResolution") == Approx(0.5).margin(0.12));
    CHECK(twice["enlargedBefore"] > 0.5);
    CHECK(clean["enlargedBefore"] < 0.5);
    CHECK(measured(diagnosed(folder, image.gaussblur(1.5)), "trueResolution") < 0.7);
}

TEST_CASE("JPEG is seen in a PNG, wherever its grid begins") {
    const Folder folder;
    const VImage image = sharp();
    for (const int quality : {30, 60, 85}) {
        INFO(quality);
        const std::string file = folder / "in.jpg";
        image.jpegsave(file.c_str(), VImage::option()->set("Q", quality));
        CHECK(codec::jpegQuality(file) == quality);
        CHECK(diagnosed(file)["jpegQualityOfFile"] == quality);
        const json whole = diagnosed(folder, look(file));
        CHECK(whole["jpeg"]["likelihood"] > 0.5);
        CHECK(whole["jpegQualityOfFile"].is_null());
        CHECK(whole["jpeg"]["quality"]["value"].get<double>() == Approx(quality).margin(10));
    }
    const VImage cut = look(folder / "in.jpg");
    image.jpegsave((folder / "in.jpg").c_str(), VImage::option()->set("Q", 50));
    const json part =
        diagnosed(folder, look(folder / "in.jpg").crop(3, 5, cut.width() - 3, cut.height() - 5));
    CHECK(part["jpeg"]["grid"] == json{5, 3});
    CHECK(part["jpeg"]["quality"]["value"].get<double>() == Approx(50).margin(12));
    CHECK(diagnosed(folder, image)["jpeg"]["likelihood"] < 0.5);
}

TEST_CASE("a JPEG that was made smaller is known by its blocks, which are smaller, too") {
    const Folder folder;
    const VImage image = several();
    CHECK(diagnosed(folder, image)["jpegShrunkSince"].is_null());
    image.jpegsave((folder / "in.jpg").c_str(), VImage::option()->set("Q", 25));
    CHECK(diagnosed(folder, look(folder / "in.jpg"))["jpegShrunkSince"].is_null());
    for (const double scale : {0.6, 0.75, 0.9}) {
        INFO(scale);
        const int width = int(image.width() * scale), height = int(image.height() * scale);
        const VImage small =
            ops::resample(look(folder / "in.jpg"), width, height, ops::Kernel::lanczos);
        const json found = diagnosed(folder, small);
        CHECK(found["jpeg"]["likelihood"] < 0.5);
        REQUIRE(!found["jpegShrunkSince"].is_null());
        CHECK(found["jpegShrunkSince"]["scale"].get<double>() == Approx(scale).margin(0.006));
        CHECK(measured(found["jpegShrunkSince"], "quality") == Approx(25).margin(25));
    }
}

TEST_CASE("what is too thin or too even is no reason to fail, or to find damage") {
    const Folder folder;
    // A line of lettering twelve pixels high, as on a button.
    const VImage line = VImage::text(
        "NO CASH LEFT ON 42",
        VImage::option()->set("font", "sans bold")->set("width", 200)->set("height", 12));
    const VImage strip = line.embed(4, 0, line.width() + 8, 12).invert();
    diagnosed(folder, strip);
    for (const double level : {0.0, 128.0}) {
        const VImage even = (VImage::black(120, 120) + level).cast(VIPS_FORMAT_UCHAR);
        CHECK(diagnosed(folder, even)["known"] == false);
    }
}

TEST_CASE("motion is measured, with its direction") {
    const Folder folder;
    CHECK(diagnosed(folder, sharp())["motion"].is_null());
    const VImage across = VImage::new_matrix(9, 1, std::vector<double>(9, 1).data(), 9);
    VImage lines = across.copy();
    lines.set("scale", 9.0);
    const VImage photo = look(fs::path(ACUITY_SOURCE) / "examples/parrots.jpg");
    for (const auto& [angle, mask] : {std::pair(0.0, lines), std::pair(90.0, lines.rot90())}) {
        const VImage moved = photo.conv(mask).cast(VIPS_FORMAT_UCHAR);
        const json motion = diagnosed(folder, moved)["motion"];
        REQUIRE(motion.is_object());
        CHECK(std::abs(std::remainder(double(motion["angle"]) - angle, 180)) < 15);
        CHECK(double(motion["length"]["value"]) == Approx(9).margin(4));
    }
}

TEST_CASE("diagnose says what would be done, and reads what it can") {
    const Folder folder;
    paint(folder / "good.png", 120, 100);
    paint(folder / "small.png", 20, 30);
    writeBytes(folder / "broken.png", "\x89PNG\r\n\x1a\nnothing");
    const Result result = run({"diagnose", folder.path().string(), "-s", "2"});
    CHECK(result.status == 1);
    CHECK(contains(result.err, "broken.png"));
    CHECK(contains(result.out, "120x100 becomes 240x200"));
    CHECK(contains(result.out, "detail: as much as"));
    CHECK(contains(result.out, "it shows too little to measure anything"));
    CHECK(run({"diagnose", folder / "none.png"}).status != 0);
}

TEST_CASE("unpacked TIFFs are looked at where they lie, with the same findings") {
    const Folder folder;
    const VImage image = look(fs::path(ACUITY_SOURCE) / "examples/parrots.jpg");
    const VImage deep =
        (image.cast(VIPS_FORMAT_USHORT) * 257)
            .cast(VIPS_FORMAT_USHORT)
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16));
    const VImage clear = image.bandjoin(255), grey = image.colourspace(VIPS_INTERPRETATION_B_W);
    for (VImage each : {image, deep, clear, grey}) {
        each = each.copy();
        each.set(VIPS_META_ORIENTATION, 6);
        const auto saved = [&](const char* name, VipsForeignTiffCompression compression) {
            each.tiffsave((folder / name).c_str(),
                          VImage::option()->set("compression", compression));
            return folder / name;
        };
        const std::string plain = saved("plain.tif", VIPS_FOREIGN_TIFF_COMPRESSION_NONE);
        CHECK(codec::tiffPlainPixels(plain) > 0);
        const std::string packed = saved("packed.tif", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE);
        CHECK(codec::tiffPlainPixels(packed) == 0);
        CHECK(diagnosed(plain) == diagnosed(packed));
    }
    clear.premultiply()
        .cast(VIPS_FORMAT_UCHAR)
        .tiffsave((folder / "premultiplied.tif").c_str(),
                  VImage::option()->set("premultiply", true));
    CHECK(codec::tiffPlainPixels(folder / "premultiplied.tif") == 0);
    // One that ends too early is read as any other, and says what is wrong with it.
    const std::string whole = bytesOf(folder / "plain.tif");
    writeBytes(folder / "short.tif", whole.substr(0, whole.size() / 2));
    CHECK(codec::tiffPlainPixels(folder / "short.tif") == 0);
    const Result result = run({"diagnose", folder / "short.tif"});
    CHECK(result.status != 0);
    CHECK(contains(result.err, "short.tif"));
}

TEST_CASE("a TIFF of tiles is looked at in parts, with the same findings") {
    const Folder folder;
    const VImage image = look(fs::path(ACUITY_SOURCE) / "examples/parrots.jpg");
    image.tiffsave((folder / "strips.tif").c_str());
    image.tiffsave(
        (folder / "tiles.tif").c_str(),
        VImage::option()->set("tile", true)->set("tile_width", 64)->set("tile_height", 64));
    CHECK(diagnosed(folder / "tiles.tif") == diagnosed(folder / "strips.tif"));
    image.tiffsave((folder / "packed.tif").c_str(),
                   VImage::option()
                       ->set("tile", true)
                       ->set("compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE));
    std::string packed = bytesOf(folder / "packed.tif");
    std::fill(packed.begin() + 5000, packed.begin() + 20'000, '\x55');
    writeBytes(folder / "damaged.tif", packed);
    const Result result = run({"diagnose", folder / "damaged.tif"});
    CHECK(result.status != 0);
    CHECK(contains(result.err, "damaged.tif"));
}

TEST_CASE("quantisation tables of strangers are read within bounds") {
    const Folder folder;
    const auto quality = [&](const std::string& bytes) {
        writeBytes(folder / "x.jpg", bytes);
        return codec::jpegQuality(folder / "x.jpg");
    };
    using namespace std::string_literals;
    CHECK(quality("") == 0);
    CHECK(quality("\xff\xd8\xff\xdb\0\x43\0"s) == 0);
    CHECK(quality("\xff\xd8\xff\xdb\0\2"s) == 0);
    CHECK(quality("\xff\xd8"s + std::string(100'000, '\xff')) == 0);
    CHECK(quality("\xff\xd8\xff\xdb\0\x43\0"s + std::string(64, '\0')) == 100);
    CHECK(quality("\xff\xd8\xff\xdb\0\x83\x10"s + std::string(128, '\xff')) == 1);
}

TEST_CASE("a noisy picture and a soft one are cleaned or shrunk first, a sharp one is neither") {
    const Folder folder;
    const auto plan = [&](const VImage& image, std::vector<std::string> more = {}) {
        image.write_to_file((folder / "in.png").c_str());
        std::vector<std::string> words{folder / "in.png", "-s",     "2",
                                       "--dry-run",       "--json", "--explain"};
        words.insert(words.end(), more.begin(), more.end());
        const Result result = run(words);
        INFO(result.err);
        REQUIRE(result.status == 0);
        return json::parse(result.out);
    };
    const VImage image = sharp();
    CHECK(plan(image)["startWidth"] == image.width());
    CHECK(plan(image)["cleaner"].is_null());
    const json noisyPlan = plan(noisy(image, 20));
    CHECK(noisyPlan["startWidth"] == image.width());
    CHECK(double(noisyPlan["cleaning"]["noise"]) > 0.5);
    CHECK(noisyPlan["outputWidth"] == 2 * image.width());
    CHECK(contains(noisyPlan["explanation"].dump(), "clean takes away noise"));
    const VImage soft = image.gaussblur(1.5).cast(VIPS_FORMAT_UCHAR);
    CHECK(double(plan(soft)["cleaning"]["softness"]) > 0.25);
    // What is not to be cleaned by itself is left alone, and --blur 0 leaves softness to shrinking
    // no more.
    const json left = plan(soft, {"--blur", "0"});
    CHECK(left["cleaner"].is_null());
    CHECK(left["startWidth"] == soft.width());
}

TEST_CASE("a former enlargement is undone, and the result is nearer to the truth") {
    const Folder folder;
    const VImage truth = look(fs::path(ACUITY_SOURCE) / "examples/parrots.jpg");
    const VImage image = sharp();
    const auto back = [&](const VImage& grown, const char* name, std::vector<std::string> more) {
        grown.write_to_file((folder / "in.png").c_str());
        std::vector<std::string> words{folder / "in.png", "--size",
                                       fmt::format("{}x{}", 2 * image.width(), 2 * image.height()),
                                       "-o", folder / name};
        words.insert(words.end(), more.begin(), more.end());
        const Result result = run(words);
        INFO(result.err);
        REQUIRE(result.status == 0);
        return look(folder / name);
    };
    const auto distance = [&](const VImage& result) {
        const VImage d = result.cast(VIPS_FORMAT_DOUBLE) - truth.cast(VIPS_FORMAT_DOUBLE);
        return std::sqrt((d * d).avg());
    };
    const int width = int(image.width() * 1.7), height = int(image.height() * 1.7);
    const VImage grown =
        ops::resample(image, width, height, ops::Kernel::bicubic, ops::Borders::cut)
            .cast(VIPS_FORMAT_UCHAR);
    const double undone = distance(back(grown, "undone.png", {}));
    CHECK(undone < 0.9 * distance(back(grown, "not.png", {"--prescale", "off"})));
    CHECK(distance(back(grown, "blurred.png", {"--blur", "0"})) < 1.02 * undone);
    // As near as from the picture that was enlarged.
    CHECK(undone < 1.05 * distance(back(image, "direct.png", {})));

    const json found = diagnosed(folder, grown);
    CHECK(found["enlargement"]["width"] == image.width());
    CHECK(found["enlargement"]["height"] == image.height());
    CHECK(found["enlargement"]["kernel"] == "bicubic");
    CHECK(found["before"]["trueResolution"]["value"] > 0.85);
    CHECK(contains(run({"diagnose", folder / "in.png"}).out, "by bicubic"));
    // JPEG before it is measured as it was.
    image.jpegsave((folder / "in.jpg").c_str(), VImage::option()->set("Q", 60));
    const VImage blocks = ops::resample(look(folder / "in.jpg"), width, height,
                                        ops::Kernel::bicubic, ops::Borders::cut);
    CHECK(diagnosed(folder, blocks)["before"]["jpeg"]["quality"]["value"].get<double>() ==
          Approx(60).margin(12));
    // Transparency goes the same way, and 16 bits stay.
    const VImage clear =
        (grown.cast(VIPS_FORMAT_USHORT) * 257)
            .cast(VIPS_FORMAT_USHORT)
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16))
            .bandjoin(65535);
    const VImage kept = back(clear, "clear.png", {});
    CHECK(kept.bands() == 4);
    CHECK(kept.format() == VIPS_FORMAT_USHORT);
    CHECK(kept[3].min() == 65535);
    // What was cut out since keeps its edge.
    const VImage hole = (VImage::xyz(width, height)[0] < width / 2).ifthenelse(0, 255);
    const VImage edge = back(grown.bandjoin(hole.cast(VIPS_FORMAT_UCHAR)), "hole.png", {})[3];
    CHECK(((edge > 3) & (edge < 252)).avg() / 255 < 3.0 / image.width());
    const VImage colour = kept.extract_band(0, VImage::option()->set("n", 3)) / 257;
    CHECK(distance(colour) < 1.05 * undone);
}
