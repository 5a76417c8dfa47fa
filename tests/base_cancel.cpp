// Cancellation: requested, by the clock, and work that waits for something more urgent.
#include "base/cancel.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace acuity;
using namespace std::chrono_literals;

namespace {

double secondsOf(const std::function<void()>& action) {
    const auto began = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

TEST_CASE("a request is seen until it is cleared") {
    Cancel cancel;
    CHECK_NOTHROW(cancel.check());
    cancel.request();
    CHECK(cancel.requested());
    CHECK_FALSE(cancel.late());
    CHECK_THROWS_AS(cancel.check(), Error);
    CHECK_THROWS_AS(cancel.pass(), Error);
    cancel.clear();
    CHECK_NOTHROW(cancel.pass());
}

TEST_CASE("a limit requests by itself when its time has passed, until it is cleared") {
    Cancel cancel;
    cancel.limit(3600s);
    CHECK_FALSE(cancel.requested());
    cancel.limit(0s);
    std::this_thread::sleep_for(1ms);
    CHECK(cancel.late());
    CHECK_THROWS_AS(cancel.check(), Error);
    cancel.clear();
    CHECK_FALSE(cancel.late());
}

TEST_CASE("held work waits until it is let go, stopped, or has waited long enough") {
    Cancel cancel;
    CHECK(secondsOf([&] { cancel.pass(); }) < 0.5);
    cancel.hold(true);
    std::thread letGo([&] {
        std::this_thread::sleep_for(100ms);
        cancel.hold(false);
    });
    const double held = secondsOf([&] { cancel.pass(); });
    letGo.join();
    CHECK(held > 0.08);
    CHECK(held < 2.5);
    cancel.hold(true);
    std::thread stop([&] {
        std::this_thread::sleep_for(50ms);
        cancel.request();
    });
    CHECK_THROWS_AS(cancel.pass(), Error);
    stop.join();
    cancel.clear();
    cancel.hold(true);
    CHECK(secondsOf([&] { cancel.pass(); }) == Approx(3).margin(1));
}
