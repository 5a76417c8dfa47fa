#include "pipeline/enlarge.h"

#include <algorithm>

#include "codec/load.h"
#include "ops/alpha.h"
#include "ops/consistency.h"
#include "ops/resample.h"

namespace acuity::pipeline {

using vips::VImage;

namespace {

/// Linear light (1.0 is white) to the sRGB curve, and back. Values above 1 continue the curve.
VImage encoded(const VImage& linear) {
    const VImage curve = linear.pow(1 / 2.4) * 1.055 - 0.055;
    return (linear <= 0.0031308).ifthenelse(linear * 12.92, curve).cast(VIPS_FORMAT_FLOAT);
}

VImage decoded(const VImage& srgb) {
    const VImage curve = ((srgb + 0.055) / 1.055).pow(2.4);
    return (srgb <= 0.04045).ifthenelse(srgb / 12.92, curve).cast(VIPS_FORMAT_FLOAT);
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
    return networksIn(work.steps) * (alpha ? 2 : 1) + networksIn(work.lettering.steps);
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
            result = colourSteps(colour, mask, linear).bandjoin(opacitySteps(started(opacity)));
        } else {
            result = colourSteps(colour, mask, linear);
        }
        return cropped(result).copy(
            VImage::option()->set("interpretation", image.interpretation()));
    }

  private:
    VImage colourSteps(const VImage& colour, const VImage& mask, bool linear) const {
        if (!linear) return bound(started(colour), mask);
        // Networks know 0 to 1; what shines brighter goes past them.
        const VImage curve = encoded(colour);
        const VImage within = (curve > 1).ifthenelse(1, curve).cast(VIPS_FORMAT_FLOAT);
        const VImage above = (curve - within).cast(VIPS_FORMAT_FLOAT);
        const Dimensions& full = work_.target.full;
        const VImage bright = ops::resample(above, full.width, full.height, ops::Kernel::bicubic);
        return decoded(bound(started(within), mask) + bright);
    }

    /// What is enlarged: the picture, or a smaller one that is kept, as several will read it.
    VImage started(const VImage& image) const {
        const Dimensions& start = work_.start;
        if (start == work_.source) return image;
        return codec::settled(
            ops::resample(image, start.width, start.height, work_.shrinking, ops::Borders::cut),
            memory_, session_.cancel());
    }

    /// Colour through all steps, bound to what it was, lettering apart.
    VImage bound(const VImage& image, const VImage& mask) const {
        const Binding& binding = work_.binding;
        // What networks of factor 1 clean is bound to the clean picture: dirt must not come back.
        const auto enlarging = std::find_if(work_.steps.begin(), work_.steps.end(),
                                            [](const Step& s) { return s.pass.scale > 1; });
        const VImage clean = steps(image, {work_.steps.begin(), enlarging}, {});
        const VImage y = steps(clean, {enlarging, work_.steps.end()}, {.bound = isBound()});
        const VImage plain = tied(y, clean, binding.strength);
        if (!mask.get_image()) return plain;
        VImage letters = y;
        const bool apart = !work_.lettering.steps.empty();
        if (apart)
            letters = steps(image, work_.lettering.steps, {.where = &mask, .bound = isBound()});
        letters = tied(letters, apart ? image : clean, binding.letters);
        const Dimensions& full = work_.target.full;
        return ops::resample(mask, full.width, full.height, ops::Kernel::bilinear)
            .ifthenelse(letters, plain, VImage::option()->set("blend", true));
    }

    bool isBound() const { return work_.binding.strength > 0 || work_.binding.letters > 0; }

    VImage tied(const VImage& y, const VImage& x, double strength) const {
        if (strength <= 0) return y;
        return ops::bound(y, x, work_.binding.reduction, float(strength),
                          facts_.parts ? ops::Reading::parts : ops::Reading::stream);
    }

    struct Use {
        const VImage* where = nullptr;  // only what it marks need be right
        bool bound = false, opacity = false;
    };

    VImage steps(VImage image, const std::vector<Step>& steps, const Use& use) const {
        for (const Step& step : steps) {
            if (!step.model.empty()) image = network(image, step.model, use);
            image = resampled(image, step);
        }
        return image;
    }

    VImage opacitySteps(VImage image) const {
        for (const Step& step : work_.steps) {
            if (!step.model.empty()) {
                const VImage grown = network(image, step.model, {.opacity = true});
                image = ops::withinNeighbours(grown, image);
            }
            image = resampled(image, step);
        }
        return image;
    }

    VImage resampled(const VImage& image, const Step& step) const {
        return ops::resample(image, step.pass.size.width, step.pass.size.height, work_.kernel);
    }

    VImage network(const VImage& image, const std::string& model, const Use& use) const {
        const auto runner = session_.runner(model, depth_);
        ops::NetworkOptions options;
        options.tile = session_.tileFor(*runner, double(image.width()) * image.height());
        options.memory = memory_;
        options.tta = session_.options().tta;
        options.flatIsFlat = use.opacity;
        options.ahead = !facts_.parts;
        if (use.bound) options.rowsKept = 3;  // what is bound is read again with the rows around
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
