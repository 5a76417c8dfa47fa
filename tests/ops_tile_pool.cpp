// The pool that computes tiles: once each, errors told, nothing left waiting.
#include "ops/tile_pool.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "codec/load.h"

using namespace acuity;
using ops::TilePool;

namespace {
std::vector<std::uint8_t> tileOf(int index) {
    return {std::uint8_t(index)};
}
const bool started = (codec::startVips(), true);  // the pool's threads say good-bye to libvips
}  // namespace

TEST_CASE("tiles come back in order, each computed once") {
    std::vector<std::atomic<int>> times(60);
    TilePool pool(
        {10, 6, 3, 10},
        [&] {
            return [&](int index) {
                times[std::size_t(index)]++;
                return tileOf(index);
            };
        },
        nullptr);
    for (int row = 0; row < 6; row++) {
        const auto tiles = pool.get(0, row, 10, 1);
        for (int x = 0; x < 10; x++) CHECK((*tiles[std::size_t(x)])[0] == row * 10 + x);
    }
    for (const auto& n : times) CHECK(n == 1);
    CHECK(pool.computed() == 60);
}

TEST_CASE("many readers of the same rows share the work") {
    TilePool pool(
        {8, 8, 2, 8}, [] { return tileOf; }, nullptr);
    std::vector<std::thread> readers;
    std::atomic<int> wrong{0};
    for (int r = 0; r < 6; r++)
        readers.emplace_back([&] {
            for (int row = 0; row < 8; row++)
                for (int x = 0; x < 8; x++)
                    if ((*pool.get(x, row, 1, 1)[0])[0] != row * 8 + x) wrong++;
        });
    for (auto& t : readers) t.join();
    CHECK(wrong == 0);
}

TEST_CASE("what computing throws reaches every reader, now and later") {
    TilePool pool(
        {4, 4, 2, 4},
        [] {
            return [](int index) -> std::vector<std::uint8_t> {
                if (index == 5) throw Error(Kind::engine, "broken");
                return tileOf(index);
            };
        },
        nullptr);
    CHECK_THROWS_WITH(pool.get(0, 1, 4, 1), "broken");
    CHECK_THROWS_WITH(pool.get(0, 3, 1, 1), "broken");
}

TEST_CASE("a pool may go while tiles are still read ahead") {
    for (int i = 0; i < 20; i++) {
        TilePool pool(
            {50, 50, 2, 200}, [] { return tileOf; }, nullptr);
        CHECK(pool.get(3, 0, 1, 1).size() == 1);
    }
}

TEST_CASE("pools of frames that have passed give back what they hold, and begin anew when asked") {
    std::atomic<int> living{0};
    struct Living {
        std::atomic<int>& count;
        explicit Living(std::atomic<int>& c) : count(c) { count++; }
        ~Living() { count--; }
    };
    const auto recent = std::make_shared<ops::RecentPools>(2);
    std::vector<std::unique_ptr<TilePool>> frames;
    for (int i = 0; i < 30; i++)
        frames.push_back(std::make_unique<TilePool>(
            TilePool::Size{3, 3, 2, 2},
            [&living] {
                auto held = std::make_shared<Living>(living);
                return [held](int index) { return tileOf(index); };
            },
            nullptr, recent));
    for (auto& frame : frames) {
        for (int row = 0; row < 3; row++) CHECK(frame->get(0, row, 3, 1).size() == 3);
        CHECK(living <= 3 * 2);  // two recent ones and the one in use
    }
    CHECK((*frames[0]->get(1, 2, 1, 1)[0])[0] == 7);
    frames.clear();
    CHECK(living == 0);
}
