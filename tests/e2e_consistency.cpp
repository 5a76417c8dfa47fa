// Through the real command: what is found in pixels, what is bound, what is mapped.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "networks.h"
#include "ops/resample.h"
#include "support.h"

using namespace acuity;
using namespace acuity::test;
using nlohmann::json;
using vips::VImage;

namespace {

json ran(const std::vector<std::string>& words) {
    std::vector<std::string> all = words;
    all.push_back("--json");
    all.push_back("--explain");
    const Result result = run(all);
    INFO(result.err);
    REQUIRE(result.status == 0);
    return json::parse(result.out);
}

std::string explained(const json& object) {
    std::string all;
    for (const auto& line : object["explanation"]) all += line.get<std::string>() + "\n";
    return all;
}

VImage shrunk(const VImage& image, int width, int height, ops::Kernel kernel) {
    return ops::resample(image, width, height, kernel, ops::Borders::cut);
}

/// Of the result, shrunk again, to the small picture; 8 bits.
double lrPsnr(const std::string& result, const std::string& small, ops::Kernel kernel) {
    const VImage x = look(small), y = look(result);
    const VImage d = shrunk(y, x.width(), x.height(), kernel).cast(VIPS_FORMAT_DOUBLE) -
                     x.cast(VIPS_FORMAT_DOUBLE);
    return 10 * std::log10(255 * 255 / std::max(1e-9, (d * d).avg()));
}

/// A photograph of the examples, made small by a kernel.
void makeSmall(const Folder& folder, const std::string& name, ops::Kernel kernel, double factor) {
    const VImage photo = look(fs::path(ACUITY_SOURCE) / "examples/houses.png");
    shrunk(photo, int(photo.width() / factor), int(photo.height() / factor), kernel)
        .write_to_file((folder / name).c_str());
}

}  // namespace

TEST_CASE("a declared kernel binds the result at any factor") {
    const Folder folder;
    for (const auto& [kernel, name] :
         {std::pair(ops::Kernel::box, "box"), {ops::Kernel::lanczos, "lanczos"}}) {
        makeSmall(folder, "in.png", kernel, 4);
        for (const std::string factor : {"2", "2.5", "4", "6"}) {
            INFO(name << " x" << factor);
            const json said = ran({folder / "in.png", "-o", folder / "out.png", "--overwrite", "-s",
                                   factor, "--consistency", "1", "--reduced-by", name});
            CHECK(said["consistency"] == 1);
            CHECK(said["reducedBy"] == name);
            CHECK(lrPsnr(folder / "out.png", folder / "in.png", kernel) > 50);
        }
    }
}

TEST_CASE("an interpolated result can be bound, too") {
    const Folder folder;
    makeSmall(folder, "in.png", ops::Kernel::box, 3);
    const std::vector<std::string> words = {
        folder / "in.png", "-m", "bicubic", "-s", "3", "-o", folder / "out.png", "--overwrite"};
    ran(words);
    CHECK(lrPsnr(folder / "out.png", folder / "in.png", ops::Kernel::box) < 45);
    std::vector<std::string> bound = words;
    bound.insert(bound.end(), {"--consistency", "1", "--reduced-by", "box"});
    ran(bound);
    CHECK(lrPsnr(folder / "out.png", folder / "in.png", ops::Kernel::box) > 50);
}

TEST_CASE("the kernel is found, and binds the result by itself") {
    const Folder folder;
    makeSmall(folder, "in.png", ops::Kernel::box, 2);
    const json said = ran({folder / "in.png", "-o", folder / "out.png"});
    INFO(said.dump(1));
    double sum = 0;
    for (const auto& [name, share] : said["findings"]["reduction"]["likelihood"].items())
        sum += share.get<double>();
    CHECK(sum == Approx(1));
    CHECK(said["findings"]["reduction"]["kernel"] == "box");
    CHECK(said["consistency"] == 1);
    CHECK(contains(explained(said), "box"));
    CHECK(lrPsnr(folder / "out.png", folder / "in.png", ops::Kernel::box) > 50);
}

TEST_CASE("nothing is looked for where nothing depends on it") {
    const Folder folder;
    paint(folder / "in.png", 100, 80);
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{"-m", "lanczos"},
          {"-s", "1"},
          {"--consistency", "0", "--prescale", "off", "--noise", "0", "--blur", "0",
           "--compression", "0"}}) {
        std::vector<std::string> words{folder / "in.png", "-o", folder / "o.png", "--overwrite"};
        words.insert(words.end(), more.begin(), more.end());
        const json said = ran(words);
        CHECK_FALSE(said.contains("findings"));
        CHECK(said["consistency"] == 0);
    }
}

TEST_CASE("--prescale makes smaller first, and the size asked for stays") {
    const Folder folder;
    paint(folder / "in.png", 100, 80);
    const json said = ran({folder / "in.png", "-o", folder / "out.png", "--prescale", "50%"});
    CHECK(said["startWidth"] == 50);
    CHECK(said["startHeight"] == 40);
    CHECK(sizeOf(folder / "out.png") == "400x320");
    CHECK(contains(explained(said), "first reduced to 50x40"));
    CHECK(run({folder / "in.png", "--prescale", "0"}).status == 2);
    CHECK(run({folder / "in.png", "--prescale", "101%"}).status == 2);
}

TEST_CASE("the trust map has the result's size, a scale beside it, and a number") {
    const Folder folder;
    makeSmall(folder, "in.png", ops::Kernel::bicubic, 4);
    const auto mean = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words{folder / "in.png", "-o",          folder / "out.png",
                                       "--overwrite",     "--trust-map", folder / "map.png"};
        words.insert(words.end(), more.begin(), more.end());
        const json said = ran(words);
        CHECK(sizeOf(folder / "map.png") == sizeOf(folder / "out.png"));
        CHECK(fs::exists(folder / "map-legend.png"));
        return said["trust"]["meanLevels"].get<double>();
    };
    const double bound = mean({"--consistency", "1", "--reduced-by", "bicubic"});
    const double free = mean({"--consistency", "0"});
    // Nearest neighbours are far from what the faithful model makes of the same picture.
    const double blocks = mean({"-m", "nearest"});
    CHECK(bound < 0.05);
    CHECK(free > bound);
    CHECK(blocks > free + 1);
}

TEST_CASE("lettering is enlarged by the faithful model, whatever the model elsewhere") {
    const Folder folder;
    const std::string shared = sharedData();
    if (shared.empty()) return;
    const std::string model = shared + "weights/ncnn/RealESRGAN_General_x4_v3.param";
    if (!fs::exists(model)) {
        WARN("skipped: " << model << " is not there");
        return;
    }
    // Words on grey, above a picture without any.
    VImage words = VImage::text(
        "Open daily from nine to five",
        VImage::option()->set("font", "sans bold 16")->set("width", 220)->set("height", 60));
    words = words.linear(-0.8, 220).cast(VIPS_FORMAT_UCHAR);
    VImage page = (VImage::black(256, 256) + 220).cast(VIPS_FORMAT_UCHAR).insert(words, 16, 24);
    page = VImage::bandjoin(std::vector<VImage>(3, page))
               .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    page = page.insert(scene(256, 120, 3), 0, 136);
    page.write_to_file((folder / "in.png").c_str());
    const json said = ran({folder / "in.png", "-o", folder / "on.png", "-m", model});
    INFO(said.dump(1));
    CHECK(said["findings"]["textShare"] > 0.01);
    CHECK(contains(explained(said), "lettering"));
    ran({folder / "in.png", "-o", folder / "off.png", "-m", model, "--protect-text", "off"});
    ran({folder / "in.png", "-o", folder / "plain.png", "--consistency", "0"});
    const auto part = [&](const std::string& name, int top, int height) {
        return look(folder / name).crop(0, top, 1024, height);
    };
    CHECK(farthest(part("on.png", 760, 264), part("off.png", 760, 264)) == 0);
    const auto mean = [](const VImage& a, const VImage& b) {
        return (a.cast(VIPS_FORMAT_DOUBLE) - b.cast(VIPS_FORMAT_DOUBLE)).abs().avg();
    };
    CHECK(mean(part("on.png", 130, 100), part("plain.png", 130, 100)) <
          0.5 * mean(part("off.png", 130, 100), part("plain.png", 130, 100)));
}
