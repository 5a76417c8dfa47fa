#include "pipeline/enlarge.h"

#include <algorithm>
#include <span>

#include "codec/load.h"
#include "ops/alpha.h"
#include "ops/consistency.h"
#include "ops/resample.h"
#include "ops/undo.h"

namespace acuity::pipeline {

using vips::VImage;

namespace {

/// Linear light (1.0 is white) to the sRGB curve, and back. Values above 1 continue the curve,
/// negative ones (colours beyond sRGB's) mirror it.
VImage encoded(const VImage& linear) {
    const VImage size = linear.abs(), curve = size.pow(1 / 2.4) * 1.055 - 0.055;
    return ((size <= 0.0031308).ifthenelse(size * 12.92, curve) * linear.sign())
        .cast(VIPS_FORMAT_FLOAT);
}

VImage decoded(const VImage& srgb) {
    const VImage size = srgb.abs(), curve = ((size + 0.055) / 1.055).pow(2.4);
    return ((size <= 0.04045).ifthenelse(size / 12.92, curve) * srgb.sign())
        .cast(VIPS_FORMAT_FLOAT);
}

/// Of what is there, only what is more than nothing.
VImage positive(const VImage& image) {
    return (image > 0).ifthenelse(image, 0.0f).cast(VIPS_FORMAT_FLOAT);
}

/// Tells which parts of an image hold marks, or lie so near that those depend on them.
class Marked {
  public:
    Marked(const VImage& mask, const VImage& image)
        : mask_(mask),
          across_(double(mask.width()) / image.width()),
          down_(double(mask.height()) / image.height()) {}

    bool operator()(const ops::Rect& part) const {
        constexpr int kNear = 16;  // input pixels that binding and resampling reach
        const int left = std::max(0, int((part.left - kNear) * across_));
        const int top = std::max(0, int((part.top - kNear) * down_));
        const int right = std::min(mask_.width(), int((part.right() + kNear) * across_) + 2);
        const int bottom = std::min(mask_.height(), int((part.bottom() + kNear) * down_) + 2);
        for (int y = top; y < bottom; y++) {
            const auto* row =
                reinterpret_cast<const std::uint8_t*>(VIPS_IMAGE_ADDR(mask_.get_image(), 0, y));
            if (std::any_of(row + left, row + right, [](std::uint8_t v) { return v > 0; }))
                return true;
        }
        return false;
    }

  private:
    VImage mask_;  // in memory
    double across_, down_;
};

std::size_t networksIn(const std::vector<Step>& steps) {
    return std::size_t(
        std::count_if(steps.begin(), steps.end(), [](const Step& s) { return !s.model.empty(); }));
}

/// Number of networks that run over a frame, colour and alpha counted apart.
std::size_t networksIn(const Work& work, bool alpha) {
    return networksIn(work.steps) * (alpha ? 2 : 1) + networksIn(work.lettering.steps) +
           (work.cleaning.any() ? 1 : 0);
}

class Builder {
  public:
    /// `networks` may hold tiles at a time, each `memoryPerNetwork`.
    Builder(const Work& work, Session& session, int depth, std::size_t networks,
            std::uint64_t memoryPerNetwork, RunFacts& facts)
        : work_(work),
          session_(session),
          depth_(depth),
          memory_(memoryPerNetwork),
          facts_(facts),
          recent_(std::make_shared<ops::RecentPools>(networks)) {}

    /// `mask` shows where lettering is; without an image there is none.
    VImage frame(const VImage& image, const VImage& mask, bool linear) const {
        const bool alpha = image.bands() % 2 == 0;
        const int bands = image.bands() - (alpha ? 1 : 0);
        VImage colour = image.extract_band(0, VImage::option()->set("n", bands));
        VImage result;
        if (alpha) {
            const VImage opacity = image.extract_band(bands);
            colour = ops::fillTransparent(colour, opacity);
            result = colourSteps(colour, mask, linear).bandjoin(opacitySteps(opacity));
        } else {
            result = colourSteps(colour, mask, linear);
        }
        return cropped(result).copy(
            VImage::option()->set("interpretation", image.interpretation()));
    }

  private:
    VImage colourSteps(const VImage& colour, const VImage& mask, bool linear) const {
        if (!linear) return bound(started(colour), mask);
        // Networks know 0 to 1; what lies beyond goes past them. Each is resampled by itself, which
        // cuts below 0: so no halo of the one kind gets into the other, or into what lies within.
        const VImage curve = encoded(colour), above = positive(curve - 1), below = positive(-curve);
        const VImage within = (curve - above + below).cast(VIPS_FORMAT_FLOAT);
        const Dimensions& full = work_.target.full;
        const auto enlarged = [&](const VImage& beyond) {
            return ops::resample(beyond, full.width, full.height, ops::Kernel::bicubic);
        };
        return decoded(bound(started(within), mask) + enlarged(above) - enlarged(below));
    }

    /// What is enlarged: the picture without its damage. A former enlargement is undone before the
    /// network cleans, which then sees the damage as it was; other reductions come after it.
    VImage started(const VImage& image) const {
        return work_.undoes ? cleaned(smaller(image)) : smaller(cleaned(image));
    }

    /// The picture without its damage, computed as it is read.
    VImage cleaned(const VImage& image) const {
        if (!work_.cleaning.any()) return image;
        std::vector<Step> steps{{{1, work_.start}, work_.cleaner}};
        steps.insert(steps.end(), work_.steps.begin(), work_.steps.end());
        return network(
            image, steps,
            {.part = unbound(), .told = work_.cleaning.named(), .rowsKept = cleanedRows(image)});
    }

    /// Rows of the cleaner's tiles to keep: the next network reads it first, a row of its own tiles
    /// ahead, and the binding last, some rows behind.
    int cleanedRows(const VImage& image) const {
        const auto next = std::find_if(work_.steps.begin(), work_.steps.end(),
                                       [](const Step& s) { return !s.model.empty(); });
        const bool shrunkLater = Dimensions{image.width(), image.height()} != work_.start;
        if (!isBound() || shrunkLater || next == work_.steps.end()) return 2;
        const double pixels = double(image.width()) * image.height();
        const auto tile = [&](const std::string& model) {
            return session_.tileFor(*session_.runner(model, depth_), pixels);
        };
        return 2 + (kReadAgain + 1) * tile(next->model) / tile(work_.cleaner);
    }

    /// The picture, or a smaller one that is kept, as several will read it.
    VImage smaller(const VImage& image) const {
        const Dimensions& start = work_.start;
        if (start == work_.source) return image;
        const VImage small = work_.undoes
                                 ? ops::undone(image, start.width, start.height, *work_.undoes)
                                 : ops::resample(image, start.width, start.height, work_.shrinking,
                                                 ops::Borders::cut);
        if (facts_.part) return small;
        try {
            return codec::settled(small, memory_, session_.cancel());
        } catch (const vips::VError&) {
            if (session_.cancel()) session_.cancel()->check();
            facts_.failure->rethrow();
            throw;
        }
    }

    /// Colour through all steps, bound to what it was, lettering apart.
    VImage bound(const VImage& image, const VImage& mask) const {
        const Binding& binding = work_.binding;
        // What networks of factor 1 clean is bound to the clean picture: dirt must not come back.
        const auto enlarging =
            std::find_if(work_.steps.begin(), work_.steps.end(),
                         [](const Step& s) { return s.model.empty() || s.pass.scale > 1; });
        const auto part = unbound();
        const std::span<const Step> all(work_.steps);
        const auto cleaning = std::size_t(enlarging - work_.steps.begin());
        const VImage clean = steps(image, all, 0, cleaning, {.part = part});
        const VImage y =
            steps(clean, all, cleaning, all.size(), {.part = part, .rowsKept = rowsKept()});
        const VImage plain = tied(y, clean, binding.strength);
        if (!mask.get_image()) return plain;
        VImage letters = y;
        const bool apart = !work_.lettering.steps.empty();
        if (apart)
            letters = steps(image, work_.lettering.steps, 0, work_.lettering.steps.size(),
                            {.part = part, .where = &mask, .rowsKept = rowsKept()});
        letters = tied(letters, apart ? image : clean, binding.letters);
        const Dimensions& full = work_.target.full;
        return ops::resample(mask, full.width, full.height, ops::Kernel::bilinear)
            .ifthenelse(letters, plain, VImage::option()->set("blend", true));
    }

    /// Rows of tiles kept of what is bound, which is read again with the rows around.
    static constexpr int kReadAgain = 3;
    int rowsKept() const { return isBound() ? kReadAgain : 2; }

    bool isBound() const { return work_.binding.strength > 0 || work_.binding.letters > 0; }

    VImage tied(const VImage& y, const VImage& x, double strength) const {
        if (strength <= 0) return y;
        return ops::bound(y, x, work_.binding.reduction, float(strength), wanted());
    }

    struct Use {
        std::optional<ops::Rect> part = {};  // of the whole result, when no other is wanted
        const VImage* where = nullptr;       // only what it marks need be right
        bool opacity = false;
        model::Conditions told = {};  // of the network
        int rowsKept = 2;
    };

    /// Steps `from` to `to` (one past the last) of `all`.
    VImage steps(VImage image, std::span<const Step> all, std::size_t from, std::size_t to,
                 const Use& use) const {
        for (std::size_t i = from; i < to; i++) {
            if (!all[i].model.empty()) {
                const VImage grown = network(image, all.subspan(i), use);
                image = use.opacity ? ops::withinNeighbours(grown, image) : grown;
            }
            image = resampled(image, all[i]);
        }
        return image;
    }

    VImage opacitySteps(const VImage& opacity) const {
        // It may have been cut out since the picture was enlarged, and what undoes that may not
        // touch it.
        const Dimensions& full = work_.target.full;
        if (work_.undoes)
            return ops::withinNeighbours(
                ops::resample(opacity, full.width, full.height, ops::Kernel::bicubic), opacity);
        const VImage image = smaller(opacity);
        return steps(image, work_.steps, 0, work_.steps.size(),
                     {.part = wanted(), .opacity = true});
    }

    /// The part of the result that is wanted, before it is cropped.
    std::optional<ops::Rect> wanted() const {
        if (!facts_.part) return {};
        ops::Rect part = *facts_.part;
        part.left += (work_.target.full.width - work_.target.crop.width) / 2;
        part.top += (work_.target.full.height - work_.target.crop.height) / 2;
        return part;
    }

    /// The part of it that is wanted before it is bound.
    std::optional<ops::Rect> unbound() const {
        const Dimensions &full = work_.target.full, &start = work_.start;
        auto part = wanted();
        if (part && isBound())
            part = ops::boundOf(*part, {0, 0, full.width, full.height},
                                {0, 0, start.width, start.height}, work_.binding.reduction);
        return part;
    }

    /// The part of a network's input that a part of the whole result is made of; `steps` are its
    /// own and those that follow.
    ops::Rect sourceOf(const ops::Rect& part, const VImage& input,
                       std::span<const Step> steps) const {
        constexpr double kAround = 4;  // resampling, the networks' own skips, neighbours of opacity
        const double across = double(input.width()) / work_.target.full.width;
        const double down = double(input.height()) / work_.target.full.height;
        double reach = kAround * std::max(1.0, double(input.width()) / work_.start.width);
        for (std::size_t i = 1; i < steps.size(); i++)
            if (!steps[i].model.empty())
                reach += session_.runner(steps[i].model, depth_)->facts().halo *
                         double(input.width()) / steps[i - 1].pass.size.width;
        const int left = std::max(0, int(part.left * across - reach));
        const int top = std::max(0, int(part.top * down - reach));
        const int right = std::min(input.width(), int(part.right() * across + reach) + 1);
        const int bottom = std::min(input.height(), int(part.bottom() * down + reach) + 1);
        return {left, top, right - left, bottom - top};
    }

    VImage resampled(const VImage& image, const Step& step) const {
        return ops::resample(image, step.pass.size.width, step.pass.size.height, work_.kernel);
    }

    /// The network of the first of `steps`; the others follow.
    VImage network(const VImage& image, std::span<const Step> steps, const Use& use) const {
        const auto runner = session_.runner(steps.front().model, depth_, use.told);
        ops::NetworkOptions options;
        options.tile = session_.tileFor(*runner, double(image.width()) * image.height());
        options.memory = memory_;
        options.tta = session_.options().tta;
        options.flatIsFlat = use.opacity;
        if (use.part) options.part = sourceOf(*use.part, image, steps);
        options.rowsKept = use.rowsKept;
        if (use.where) options.wanted = Marked(*use.where, image);
        options.cancel = session_.cancel();
        options.stats = facts_.stats;
        options.failure = facts_.failure;
        options.recent = recent_;
        if (!facts_.tile) facts_.tile = options.tile;
        facts_.precision = engine::name(runner->settings().precision);
        return ops::network(image, runner, options);
    }

    VImage cropped(const VImage& image) const {
        const Dimensions& keep = work_.target.crop;
        if (keep == work_.target.full) return image;
        return image.crop((image.width() - keep.width) / 2, (image.height() - keep.height) / 2,
                          keep.width, keep.height);
    }

    const Work& work_;
    Session& session_;
    const int depth_;
    const std::uint64_t memory_;
    RunFacts& facts_;
    const std::shared_ptr<ops::RecentPools> recent_;
};

}  // namespace

codec::Picture enlarge(const codec::Picture& picture, const Work& work, Session& session,
                       std::uint64_t memory, RunFacts& facts) {
    // While one frame ends the next begins: at most two are in work.
    const auto frames = std::min<std::size_t>(2, picture.frames.size());
    const auto networks = std::max<std::size_t>(1, networksIn(work, picture.alpha()) * frames);
    const Builder builder(work, session, picture.depth(), networks, memory / networks, facts);
    codec::Picture result = picture;
    for (std::size_t i = 0; i < result.frames.size(); i++) {
        const auto& masks = work.masks;
        result.frames[i] = builder.frame(picture.frames[i], i < masks.size() ? masks[i] : VImage(),
                                         picture.linear);
    }
    return result;
}

codec::Picture enlarged(const codec::Picture& picture, const Work& work, Session& session) {
    RunFacts facts;
    codec::Picture result = enlarge(picture, work, session, session.memory() / 2, facts);
    for (VImage& frame : result.frames) {
        try {
            frame = codec::settled(frame, session.memory() / 4, session.cancel());
        } catch (const vips::VError& error) {
            if (session.cancel()) session.cancel()->check();
            facts.failure->rethrow();
            throw Error(Kind::internal, error.what());
        }
    }
    return result;
}

}  // namespace acuity::pipeline
