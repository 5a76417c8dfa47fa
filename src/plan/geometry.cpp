#include "plan/geometry.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace acuity::plan {
namespace {

int pixels(double length) {
    return std::max(1, int(std::lround(length)));
}

int waysSet(const SizeRequest& r) {
    return int(r.scale.has_value()) + int(r.width.has_value() || r.height.has_value()) +
           int(r.shortSide.has_value()) + int(r.longSide.has_value()) +
           int(r.printWidth.has_value());
}

Target scaled(Dimensions source, double factor) {
    Target t;
    t.full = {pixels(source.width * factor), pixels(source.height * factor)};
    t.crop = t.full;
    t.factor = factor;
    return t;
}

Target boxed(Dimensions source, double width, double height, Fit fit) {
    const double fx = width / source.width, fy = height / source.height;
    if (fit == Fit::exact) {
        Target t;
        t.full = t.crop = {pixels(width), pixels(height)};
        t.factor = std::max(fx, fy);
        return t;
    }
    Target t = scaled(source, fit == Fit::inside ? std::min(fx, fy) : std::max(fx, fy));
    if (fit == Fit::cover) {
        t.crop = {pixels(width), pixels(height)};
        t.full = {std::max(t.full.width, t.crop.width), std::max(t.full.height, t.crop.height)};
    }
    return t;
}

Target printed(Dimensions source, const SizeRequest& r) {
    double width = *r.printWidth * r.dpi, height = r.printHeight.value_or(*r.printWidth) * r.dpi;
    if (turnsSheet(source, r)) std::swap(width, height);
    return boxed(source, width, height, r.fit);
}

Target unchecked(Dimensions source, const SizeRequest& r) {
    const double w = source.width, h = source.height;
    if (r.printWidth) return printed(source, r);
    if (r.width && r.height) return boxed(source, *r.width, *r.height, r.fit);
    // One side given: that side is exact, the other follows.
    if (r.width) return boxed(source, *r.width, pixels(h * *r.width / w), Fit::exact);
    if (r.height) return boxed(source, pixels(w * *r.height / h), *r.height, Fit::exact);
    if (r.shortSide || r.longSide) {
        const bool alongWidth = (w < h) == r.shortSide.has_value();
        const int side = r.shortSide ? *r.shortSide : *r.longSide;
        SizeRequest one;
        (alongWidth ? one.width : one.height) = side;
        return unchecked(source, one);
    }
    return scaled(source, r.scale.value_or(4));
}

}  // namespace

void checkRequest(const SizeRequest& request) {
    if (waysSet(request) > 1)
        throw Error(Kind::usage,
                    "give one of --scale, --size/--width/--height, --short-side, "
                    "--long-side and --print, not several");
    if (request.scale && !(*request.scale >= 1 && *request.scale <= kMaxFactor))
        throw Error(Kind::usage, "--scale takes a factor from 1 to 64");
}

bool turnsSheet(Dimensions source, const SizeRequest& r) {
    if (!r.printWidth || r.fit == Fit::exact || source.width == source.height) return false;
    const double height = r.printHeight.value_or(*r.printWidth);
    return *r.printWidth != height && (source.width > source.height) != (*r.printWidth > height);
}

Target targetSize(Dimensions source, const SizeRequest& request) {
    checkRequest(request);
    const Target target = unchecked(source, request);
    if (!(target.factor <= kMaxFactor))
        throw Error(Kind::usage, "that size is more than 64 times this picture's; ask for less");
    return target;
}

std::vector<Pass> passesFor(Dimensions source, const Target& target, const std::vector<int>& scales,
                            int passes) {
    std::vector<Pass> plan;
    const double fx = double(target.full.width) / source.width;
    const double fy = double(target.full.height) / source.height;
    if (std::max(fx, fy) <= 1 || scales.empty()) {
        if (target.full != source) plan.push_back({1, target.full});
        return plan;
    }
    const int steps = std::max(1, passes);
    Dimensions at = source;
    for (int i = 1; i <= steps; i++) {
        const double share = double(i) / steps;
        const Dimensions goal = i == steps
                                    ? target.full
                                    : Dimensions{pixels(source.width * std::pow(fx, share)),
                                                 pixels(source.height * std::pow(fy, share))};
        while (at != goal) {
            const double missing =
                std::max(double(goal.width) / at.width, double(goal.height) / at.height);
            if (missing <= 1) {
                plan.push_back({1, goal});
                break;
            }
            // The smallest network that reaches the goal, else the largest there is.
            const auto fits =
                std::find_if(scales.begin(), scales.end(), [&](int s) { return s >= missing; });
            const int scale = fits != scales.end() ? *fits : scales.back();
            const Dimensions grown{at.width * scale, at.height * scale};
            at = scale >= missing ? goal : grown;
            plan.push_back({scale, at});
        }
        at = goal;
    }
    return plan;
}

}  // namespace acuity::plan
