// What kind a picture is, field by field, and stairs where there should be a slope.
#include <catch2/catch.hpp>

#include <filesystem>

#include "codec/load.h"
#include "diagnose/content.h"
#include "networks.h"

using namespace acuity;
using diagnose::Content;
using diagnose::Field;
using vips::VImage;

namespace {

VImage example(const char* name) {
    codec::startVips();
    const std::string path = std::filesystem::path(ACUITY_SOURCE) / "examples" / name;
    return VImage::new_from_file(path.c_str()).copy_memory();
}

/// Plain rectangles with sharp edges between.
VImage drawing(int width, int height) {
    codec::startVips();
    const VImage places = VImage::xyz(width, height);
    const VImage fields = ((places[0] / 19).floor() * 3 + (places[1] / 23).floor() * 5) % 4;
    return (fields * 60 + 20)
        .bandjoin({fields * 40 + 60, fields * 50 + 10})
        .cast(VIPS_FORMAT_UCHAR);
}

/// Grey from left to right, in steps of so many levels.
VImage slope(int levels) {
    codec::startVips();
    return ((VImage::xyz(400, 200)[0] * 0.4 / levels).floor() * levels + 40)
        .cast(VIPS_FORMAT_UCHAR)
        .copy_memory();
}

}  // namespace

TEST_CASE("photographs, drawings and plain parts are told apart") {
    for (const char* name : {"parrots.jpg", "portrait.jpg"}) {
        const Content content = diagnose::contentOf(example(name), 32);
        CHECK(content.share(Field::photograph) > 0.8);
        CHECK(content.share(Field::drawing) < 0.05);
    }
    const Content drawn = diagnose::contentOf(drawing(480, 480).copy_memory(), 32);
    CHECK(drawn.share(Field::drawing) > 0.9);
    CHECK(drawn.rows.size() == 10);
    CHECK(drawn.rows.front().size() == 10);
    const VImage joined = drawing(480, 240)
                              .join(drawing(480, 240) * 0 + 90, VIPS_DIRECTION_VERTICAL)
                              .cast(VIPS_FORMAT_UCHAR)
                              .copy_memory();
    const Content both = diagnose::contentOf(joined, 4);
    CHECK(both.rows == std::vector<std::string>{"dddd", "dddd", "ssss", "ssss"});
    CHECK(diagnose::contentOf(drawing(40, 400).copy_memory(), 8).rows.empty());
}

TEST_CASE("fields where lettering is are called so") {
    Content content{{"ppp", "ppp"}};
    const VImage mask = VImage::black(90, 60).insert(VImage::black(30, 30) + 255, 60, 0);
    diagnose::addText(content, mask.cast(VIPS_FORMAT_UCHAR).copy_memory());
    CHECK(content.rows == std::vector<std::string>{"ppt", "ppp"});
}

TEST_CASE("stairs are seen where shades should slope, and nowhere else") {
    CHECK(diagnose::bandingIn(slope(1)) == 0);
    for (const int levels : {3, 5, 8, 12}) CHECK(diagnose::bandingIn(slope(levels)) > 0.25);
    CHECK(diagnose::bandingIn(drawing(400, 300).copy_memory()) < 0.02);
    CHECK(diagnose::bandingIn(example("portrait.jpg")) < 0.02);
}
