#include "pipeline/enlarge.h"

#include <algorithm>

#include "ops/alpha.h"

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

/// Number of networks that run over a frame, colour and alpha counted apart.
std::size_t networksIn(const Work& work, bool alpha) {
    const auto n = std::count_if(work.steps.begin(), work.steps.end(),
                                 [](const Step& s) { return !s.model.empty(); });
    return std::size_t(n) * (alpha ? 2 : 1);
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

    /// Colour of 1 or 3 bands, or an alpha band, through all steps.
    VImage steps(VImage image, bool isAlpha) const {
        for (const Step& step : work_.steps) {
            if (!step.model.empty()) {
                const VImage grown = network(image, step.model, isAlpha);
                image = isAlpha ? ops::withinNeighbours(grown, image) : grown;
            }
            image = ops::resample(image, step.pass.size.width, step.pass.size.height, work_.kernel);
        }
        return image;
    }

    VImage frame(const VImage& image, bool linear) const {
        const bool alpha = image.bands() % 2 == 0;
        const int bands = image.bands() - (alpha ? 1 : 0);
        VImage colour = image.extract_band(0, VImage::option()->set("n", bands));
        VImage result;
        if (alpha) {
            const VImage opacity = image.extract_band(bands);
            colour = ops::fillTransparent(colour, opacity);
            result = colourSteps(colour, linear).bandjoin(steps(opacity, true));
        } else {
            result = colourSteps(colour, linear);
        }
        return cropped(result).copy(
            VImage::option()->set("interpretation", image.interpretation()));
    }

  private:
    VImage colourSteps(const VImage& colour, bool linear) const {
        if (!linear) return steps(colour, false);
        // Networks know 0 to 1; what shines brighter goes past them.
        const VImage curve = encoded(colour);
        const VImage within = (curve > 1).ifthenelse(1, curve).cast(VIPS_FORMAT_FLOAT);
        const VImage above = (curve - within).cast(VIPS_FORMAT_FLOAT);
        const Dimensions& full = work_.target.full;
        const VImage bright = ops::resample(above, full.width, full.height, ops::Kernel::bicubic);
        return decoded(steps(within, false) + bright);
    }

    VImage network(const VImage& image, const std::string& model, bool isAlpha) const {
        const auto runner = session_.runner(model, depth_);
        ops::NetworkOptions options;
        options.tile = session_.tileFor(*runner, double(image.width()) * image.height());
        options.memory = memory_;
        options.tta = session_.options().tta;
        options.flatIsFlat = isAlpha;
        if (!isAlpha) options.consistency = float(session_.options().consistency);
        options.reduction = session_.options().reduction;
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
    for (VImage& frame : result.frames) frame = builder.frame(frame, picture.linear);
    return result;
}

}  // namespace acuity::pipeline
