#include "pipeline/roundtrip.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <random>

#include "ops/resample.h"
#include "pipeline/enlarge.h"
#include "pipeline/work.h"

namespace acuity::pipeline {

using vips::VImage;

namespace {

constexpr int kLeastSide = 8;  // of the small picture
/// What comes to rest repeats at once or alternates.
constexpr std::size_t kRemembered = 2;

VImage throughJpeg(const VImage& image, int quality) {
    VipsBlob* file = image.jpegsave_buffer(VImage::option()->set("Q", quality));
    const VImage back = VImage::jpegload_buffer(file).copy_memory();
    vips_area_unref(VIPS_AREA(file));
    return back;
}

}  // namespace

ops::Kernel Journey::kernelOf(int round) const {
    if (kernel) return *kernel;
    std::mt19937 lots(seed);
    lots.discard(unsigned(round - 1));
    return ops::kReductions[lots() % std::size(ops::kReductions)];
}

Traveller::Traveller(const VImage& original, const Journey& journey, Session& session)
    : original_(original),
      journey_(journey),
      session_(session),
      large_(original),
      small_{int(std::lround(original.width() / journey.factor)),
             int(std::lround(original.height() / journey.factor))} {
    if (std::min(small_.width, small_.height) < kLeastSide)
        throw Error(Kind::usage, "it is too small to be shrunk by that factor");
}

VImage Traveller::shrunk(ops::Kernel kernel) const {
    const VImage small =
        ops::resample(large_, small_.width, small_.height, kernel, ops::Borders::cut).copy_memory();
    return journey_.jpeg ? throughJpeg(small, journey_.jpeg) : small;
}

bool Traveller::same(const Past& past, const VImage& small, ops::Kernel kernel) const {
    return (!journey_.known || past.round.kernel == kernel) &&
           past.small.bands() == small.bands() &&
           std::memcmp(past.small.data(), small.data(),
                       VIPS_IMAGE_SIZEOF_IMAGE(small.get_image())) == 0;
}

Round Traveller::next() {
    Round round;
    round.kernel = journey_.kernelOf(++round_);
    codec::Picture small;
    small.frames = {shrunk(round.kernel)};
    const auto again = std::find_if(past_.begin(), past_.end(), [&](const Past& past) {
        return same(past, small.frames.front(), round.kernel);
    });
    if (again != past_.end()) {
        large_ = again->large;
        Round repeated = again->round;
        repeated.kernel = round.kernel;
        return repeated;
    }
    Options options = session_.options();
    options.size = {};
    options.size.width = original_.width();
    options.size.height = original_.height();
    options.size.fit = Fit::exact;
    if (journey_.known) options.reducedBy = round.kernel;
    const Work work = look(small, evidenceOf(small, nullptr), options, session_);
    large_ = enlarged(small, work, session_).frames.front();
    if (round_ == 1) {
        firstLarge_ = large_;
        firstSmall_ = small.frames.front();
    }
    const int scale = std::max(1, int(std::lround(journey_.factor)));
    round.toOriginal = ops::score(large_, original_, scale, scale);
    round.toFirst = ops::score(large_, firstLarge_, scale, scale);
    round.drift = ops::score(small.frames.front(), firstSmall_, 1, 0).psnr;
    past_.push_front({small.frames.front(), large_, round});
    if (past_.size() > kRemembered) past_.pop_back();
    return round;
}

}  // namespace acuity::pipeline
