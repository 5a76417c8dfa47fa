// The network as an image operation: tiles against whole, each tile once, types, errors.
#include "ops/network.h"

#include <catch2/catch.hpp>

#include "model/tuning.h"
#include "networks.h"
#include "ops/tile_grid.h"

using namespace acuity;
using test::farthest;
using test::scene;
using test::shipped;
using vips::VImage;

namespace {

constexpr double kTileTolerance = 1;  // levels of 255, between tiled and whole
constexpr double kTurnTolerance = 2;  // levels of 255, between turned inputs with TTA

VImage enlarge(const VImage& in, int tile, bool tta = false,
               const std::string& name = "faithful-x4") {
    ops::NetworkOptions options;
    options.tile = tile;
    options.tta = tta;
    return ops::network(in, shipped(name), options).copy_memory();
}

}  // namespace

TEST_CASE("tiled evaluation equals whole-picture evaluation") {
    const VImage in = scene(150, 110, 3);
    const VImage whole = enlarge(in, 4096);
    REQUIRE(whole.width() == 600);
    REQUIRE(whole.height() == 440);
    for (const int tile : {16, 33, 48, 64, 100, 128, 149})
        CHECK(farthest(enlarge(in, tile), whole) <= kTileTolerance);
}

TEST_CASE("a part alone equals the whole there, and costs few tiles") {
    const VImage in = scene(170, 120, 3);
    const VImage whole = enlarge(in, 4096);
    for (const ops::Rect& part :
         {ops::Rect{51, 17, 100, 90}, ops::Rect{0, 0, 40, 120}, ops::Rect{160, 100, 10, 20}}) {
        ops::NetworkOptions options;
        options.tile = 96;
        options.part = part;
        options.stats = std::make_shared<ops::NetworkStats>();
        const VImage result = ops::network(in, shipped("faithful-x4"), options);
        const auto cut = [&](const VImage& image) {
            return image.crop(4 * part.left, 4 * part.top, 4 * part.width, 4 * part.height);
        };
        CHECK(farthest(cut(result).copy_memory(), cut(whole)) <= kTileTolerance);
        const double area = double(part.width + 2 * 18) * (part.height + 2 * 18);
        CHECK(double(options.stats->computed) < 2.5 * area);
        // More than was announced is right, too.
        CHECK(farthest(result.copy_memory(), whole) <= kTileTolerance);
    }
}

TEST_CASE("bf16 tiles equal the bf16 whole, and f32 up to the stated error") {
    const VImage in = scene(90, 70, 3);
    const auto with = [&](engine::Precision precision, int tile) {
        ops::NetworkOptions options;
        options.tile = tile;
        return ops::network(in, shipped("faithful-x4", 2, precision), options).copy_memory();
    };
    const VImage whole = with(engine::Precision::bf16, 4096);
    // Rounding to bf16 happens at the same places whatever the tile, but sums are ordered apart.
    CHECK(farthest(with(engine::Precision::bf16, 48), whole) <= 2 * kTileTolerance);
    CHECK(farthest(with(engine::Precision::f32, 4096), whole) <= 4);
}

TEST_CASE("a network of one size only gives what it gives at any size") {
    const VImage in = scene(150, 110, 3);
    const VImage whole = enlarge(in, 4096);
    const auto engine = engine::openEngine("cpu");
    for (const auto& [height, width] : {std::pair{64, 64}, {72, 96}, {200, 300}}) {
        model::Model m = model::load("faithful-x4", nullptr);
        m.facts.fixedHeight = height;
        m.facts.fixedWidth = width;
        const auto runner = std::make_shared<model::Runner>(
            m, engine, engine::Settings{engine::Precision::f32, 2, 2});
        const VImage tiled = ops::network(in, runner, {}).copy_memory();
        CHECK(farthest(tiled, whole) <= kTileTolerance);
        CHECK(model::measureTile(*runner, model::estimateTuning(*runner).tile, 1) > 0);
    }
}

TEST_CASE("pictures smaller than the halo are enlarged too") {
    for (const auto& [w, h] : {std::pair{1, 1}, {3, 5}, {1, 40}, {17, 2}}) {
        const VImage out = enlarge(scene(w, h, 3), 192);
        CHECK(out.width() == 4 * w);
        CHECK(out.height() == 4 * h);
    }
}

TEST_CASE("a flat picture stays flat, and near its colour") {
    for (const double level : {0.0, 37.0, 128.0, 255.0}) {
        const VImage in = (scene(60, 44, 3) * 0 + level).cast(VIPS_FORMAT_UCHAR);
        const VImage out = enlarge(in, 32);
        CHECK(out.max() - out.min() <= 3);
        CHECK(std::abs(out.avg() - level) <= 2);
    }
}

TEST_CASE("each tile is inferred exactly once, through a chain, at any number of threads") {
    const VImage in = scene(97, 83, 3);
    const int before = vips_concurrency_get();
    for (const int threads : {1, 2, 4, 7}) {
        vips_concurrency_set(threads);
        const auto runner = shipped("faithful-x2");
        ops::NetworkOptions first, second;
        first.tile = 24;
        second.tile = 40;  // straddles the first one's tiles
        first.stats = std::make_shared<ops::NetworkStats>();
        second.stats = std::make_shared<ops::NetworkStats>();
        const VImage half = ops::network(in, runner, first);
        const VImage out = ops::network(half, runner, second);
        // Written to a file format row by row, as a picture would be.
        std::size_t size = 0;
        void* bytes = nullptr;
        out.write_to_buffer(".tif", &bytes, &size);
        g_free(bytes);
        const int halo = runner->facts().halo;
        CHECK(first.stats->tiles == ops::TileGrid(97, 83, 24, halo, 1).count());
        CHECK(second.stats->tiles == ops::TileGrid(194, 166, 40, halo, 1).count());
        CHECK(first.stats->useful == 97 * 83);
    }
    vips_concurrency_set(before);
}

TEST_CASE("grey stays grey and equals the grey of a grey RGB picture") {
    const VImage grey = scene(64, 48, 1);
    const VImage out = enlarge(grey, 40);
    REQUIRE(out.bands() == 1);
    const VImage rgb = enlarge(grey.bandjoin(grey).bandjoin(grey), 40);
    const VImage mean = (rgb[0] + rgb[1] + rgb[2]) / 3.0;
    CHECK(farthest(out, mean) <= 1.01);  // two roundings
}

TEST_CASE("16 bits and float give the 8-bit result with more digits") {
    const VImage in = scene(64, 48, 3);
    const VImage out8 = enlarge(in, 40);
    const VImage out16 = enlarge((in * 257.0).cast(VIPS_FORMAT_USHORT), 40);
    REQUIRE(out16.format() == VIPS_FORMAT_USHORT);
    CHECK(farthest(out16 / 257.0, out8) <= 0.51);
    const VImage outF = enlarge((in / 255.0).cast(VIPS_FORMAT_FLOAT), 40);
    REQUIRE(outF.format() == VIPS_FORMAT_FLOAT);
    const VImage clipped = (outF > 1).ifthenelse(1, outF);
    CHECK(farthest(clipped * 65535.0, out16) <= 0.6);
    // More digits: the 16-bit result is no 8-bit one in disguise.
    CHECK((out16 % 257).max() > 0);
}

TEST_CASE("with TTA turned and flipped inputs give the turned and flipped result") {
    const VImage in = scene(52, 36, 3);
    const VImage upright = enlarge(in, 64, true);
    CHECK(farthest(enlarge(in.rot90().copy_memory(), 64, true), upright.rot90()) <= kTurnTolerance);
    CHECK(farthest(enlarge(in.rot180().copy_memory(), 64, true), upright.rot180()) <=
          kTurnTolerance);
    CHECK(farthest(enlarge(in.fliphor().copy_memory(), 64, true), upright.fliphor()) <=
          kTurnTolerance);
    // It is worth its price: without TTA the same comparison fails.
    CHECK(farthest(enlarge(in.rot90().copy_memory(), 64), enlarge(in, 64).rot90()) >
          kTurnTolerance);
}

TEST_CASE("a stopped run ends, and says that it was stopped") {
    const VImage in = scene(200, 200, 3);
    Cancel cancel;
    ops::NetworkOptions options;
    options.tile = 64;
    options.cancel = &cancel;
    options.failure = std::make_shared<Failure>();
    const VImage out = ops::network(in, shipped("faithful-x4"), options);
    cancel.request();
    CHECK_THROWS(out.copy_memory());
    try {
        options.failure->rethrow();
        FAIL("nothing was kept");
    } catch (const Error& error) {
        CHECK(error.kind() == Kind::cancelled);
    }
}

TEST_CASE("a picture too wide for the memory allowed is refused in words") {
    ops::NetworkOptions options;
    options.memory = 100'000;
    try {
        ops::network(scene(900, 20, 3), shipped("faithful-x4"), options);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == Kind::usage);
        CHECK(std::string(error.what()).find("--memory") != std::string::npos);
    }
}

TEST_CASE("tiles cover the picture once, whatever its size and where they begin") {
    for (const int width : {1, 7, 64, 65, 199, 1000})
        for (const int side : {16, 48, 192, -48}) {
            const ops::Rect part{width / 3, 30, width - width / 2, 20};
            const ops::TileGrid grid = side > 0
                                           ? ops::TileGrid(width, 77, side, 18, 4)
                                           : ops::TileGrid::over(part, width, 77, -side, 18, 2, 3);
            long covered = 0;
            for (int i = 0; i < grid.count(); i++) {
                const ops::Rect t = grid.tile(i), n = grid.needed(i);
                REQUIRE(t.width > 0);
                REQUIRE(t.height > 0);
                REQUIRE(n.left <= t.left);
                REQUIRE(n.right() >= t.right());
                covered += long(t.width) * t.height;
                for (const int x : {t.left, t.right() - 1})
                    for (const int y : {t.top, t.bottom() - 1})
                        REQUIRE(grid.row(y) * grid.columns() + grid.column(x) == i);
            }
            CHECK(covered == long(width) * 77);
            CHECK(grid.inputWidth() % (side > 0 ? 4 : 2) == 0);
        }
}
