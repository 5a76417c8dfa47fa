#include "server/previews.h"

#include <fmt/format.h>

#include "codec/formats.h"
#include "pipeline/diagnosis.h"
#include "pipeline/job.h"
#include "server/answers.h"
#include "server/loop.h"
#include "server/settings.h"

namespace acuity::server {

using nlohmann::json;
using vips::VImage;

namespace {

constexpr std::size_t kMostPlans = 8;  // a comparison has six
constexpr std::size_t kMostParts = 4, kMostSessions = 4;
constexpr double kMostPixels = 4.2e6;
/// Of a preview's tiles: a view needs few pixels, and all cores are to be busy with it.
constexpr int kTile = 128;
constexpr std::uint64_t kMemory = 256ull << 20;
/// The client of a longer one may be gone, and others wait.
constexpr std::chrono::seconds kLongest{20};

const char kSuperseded[] = "a later request of the same view took its place";

/// Holds off other work while it lives.
class Urgent {
  public:
    explicit Urgent(const std::function<void(bool)>& urgent) : urgent_(urgent) { urgent_(true); }
    ~Urgent() { urgent_(false); }

  private:
    const std::function<void(bool)>& urgent_;
};

std::string percent(double share) {
    return fmt::format("{:.3g}%", 100 * share);
}

/// What the automatic settings come to, as settings.
json automatic(const pipeline::Work& work) {
    std::string models;
    for (const plan::Step& step : work.steps) {
        const std::string name = step.model.empty() ? ops::name(work.kernel) : step.model;
        if (models.find(name) == std::string::npos) models += (models.empty() ? "" : ", ") + name;
    }
    const bool shrunk = work.start != work.source && !work.undoes;
    const auto dial = [](double strength) {
        return fmt::format("{:.0f}", std::min(100.0, 100 * strength));
    };
    return {{"model", models},
            {"noise", dial(plan::noiseOf(work.cleaning))},
            {"blur", dial(work.cleaning.softness)},
            {"compression", dial(work.cleaning.compression)},
            {"prescale", shrunk ? percent(double(work.start.width) / work.source.width) : "off"},
            {"passes", std::to_string(work.steps.size())},
            {"consistency", fmt::format("{:.2g}", work.binding.strength)},
            {"reduced-by", work.binding.strength > 0 ? ops::name(work.binding.reduction) : "auto"}};
}

}  // namespace

struct Previews::Held {
    Cancel cancel;
    std::unique_ptr<pipeline::Session> session;
};

/// A picture, what would be done with it, and the parts of the result that were seen last.
struct Previews::Planned {
    std::string settings;
    std::shared_ptr<Held> held;
    std::shared_ptr<Opened> opened;
    codec::Picture picture;  // the frame that is enlarged
    pipeline::Work work;
    std::list<std::pair<Region, std::string>> parts;  // PNG, latest use first
};

/// Somebody who waits for a preview. Guarded by mutex_.
struct Previews::Request {
    std::shared_ptr<Held> held;  // while it is computed
    bool over = false;           // nobody waits any more

    void end() {
        over = true;
        if (held) held->cancel.request();
    }
};

Previews::Previews(const pipeline::Options& base, std::function<void(bool)> urgent)
    : base_(base), urgent_(std::move(urgent)) {}

std::shared_ptr<Previews::Held> Previews::session(const json& settings) {
    auto& held = sessions_[sessionKey(settings)];
    if (!held) {
        if (sessions_.size() > kMostSessions) {
            sessions_.clear();
            plans_.clear();
            return session(settings);
        }
        const auto fresh = std::make_shared<Held>();
        pipeline::Options options = with(base_, settings);
        options.size = {};  // of the pictures, not of the session
        if (!options.tile) options.tile = kTile;
        fresh->session = std::make_unique<pipeline::Session>(options, &fresh->cancel);
        held = fresh;
    }
    held->cancel.clear();
    return held;
}

std::shared_ptr<Previews::Planned> Previews::planned(const std::shared_ptr<Opened>& opened,
                                                     const json& settings) {
    const std::string key = settings.dump();
    for (auto each = plans_.begin(); each != plans_.end(); ++each) {
        if ((*each)->opened != opened || (*each)->settings != key) continue;
        plans_.splice(plans_.begin(), plans_, each);
        plans_.front()->held->cancel.clear();
        return plans_.front();
    }
    auto planned = std::make_shared<Planned>();
    planned->settings = key;
    planned->opened = opened;
    planned->held = session(settings);
    const pipeline::Options options = with(base_, settings);
    planned->picture = opened->picture;
    auto& frames = planned->picture.frames;
    const int page = std::clamp(options.page, 0, int(frames.size()) - 1);
    frames = {frames[std::size_t(page)]};
    pipeline::Session& session = *planned->held->session;
    const plan::Evidence evidence =
        pipeline::evidenceOf(opened->picture, opened->history ? &*opened->history : nullptr,
                             Gallery::diagnosis(*opened, session));
    planned->work = pipeline::look(planned->picture, evidence, options, session);
    plans_.push_front(planned);
    if (plans_.size() > kMostPlans) plans_.pop_back();
    return planned;
}

json Previews::plan(const std::shared_ptr<Opened>& opened, const json& settings) {
    std::lock_guard one(computing_);
    const Urgent urgent(urgent_);
    const auto found = planned(opened, settings);
    const pipeline::Work& work = found->work;
    const pipeline::Options options = with(base_, settings);
    const codec::Format format =
        pipeline::formatFor({opened->path, "", ""}, opened->picture.format, options);
    return {{"outputWidth", work.target.crop.width},
            {"outputHeight", work.target.crop.height},
            {"factor", work.target.factor},
            {"dpi", work.dpiX},
            {"explanation", forThePage(explain(work))},
            {"automatic", automatic(work)},
            {"format", codec::facts(format).name},
            {"plan", toJson(work)}};
}

std::string Previews::compute(Planned& planned, const Region& region) {
    for (auto each = planned.parts.begin(); each != planned.parts.end(); ++each)
        if (each->first == region) {
            planned.parts.splice(planned.parts.begin(), planned.parts, each);
            return each->second;
        }
    const plan::Dimensions& whole = planned.work.target.crop;
    const bool inside = region.left >= 0 && region.top >= 0 && region.width > 0 &&
                        region.height > 0 && region.left <= whole.width - region.width &&
                        region.top <= whole.height - region.height;
    if (!inside || double(region.width) * region.height > kMostPixels)
        throw HttpError(422, "the region lies outside the result, or is above 4 megapixels");
    pipeline::RunFacts facts;
    facts.part = region;
    try {
        const codec::Picture result = pipeline::enlarge(planned.picture, planned.work,
                                                        *planned.held->session, kMemory, facts);
        const VImage part = result.frames.front()
                                .crop(region.left, region.top, region.width, region.height)
                                .copy_memory();
        planned.parts.emplace_front(region, png(shown(result, part)));
    } catch (...) {
        facts.failure->rethrow();
        throw;
    }
    if (planned.parts.size() > kMostParts) planned.parts.pop_back();
    return planned.parts.front().second;
}

std::string Previews::render(const std::shared_ptr<Opened>& opened, const json& settings,
                             const Region& region, const std::string& view,
                             const std::function<bool()>& gone) {
    Request mine;
    {
        std::lock_guard guard(mutex_);
        Request*& latest = requests_[view];
        if (latest) latest->end();
        latest = &mine;
    }
    const std::shared_ptr<void> leaving(nullptr, [&](void*) {
        std::lock_guard guard(mutex_);
        const auto latest = requests_.find(view);
        if (latest != requests_.end() && latest->second == &mine) requests_.erase(latest);
    });
    const Loop watch(
        [&] {
            if (!gone()) return false;
            std::lock_guard guard(mutex_);
            mine.end();
            return false;
        },
        std::chrono::milliseconds(100));
    const auto goOn = [&](const std::shared_ptr<Held>& with) {
        std::lock_guard guard(mutex_);
        if (ended_ || mine.over) throw HttpError(409, kSuperseded);
        mine.held = with;
    };
    std::lock_guard one(computing_);
    const Urgent urgent(urgent_);
    goOn(nullptr);
    const auto found = planned(opened, settings);
    const auto stop = [&] {
        std::lock_guard guard(mutex_);
        mine.held = nullptr;
    };
    Cancel& cancel = found->held->cancel;
    cancel.limit(kLongest);
    goOn(found->held);
    try {
        std::string bytes = compute(*found, region);
        stop();
        return bytes;
    } catch (...) {
        stop();
        if (cancel.late())
            throw HttpError(503, "this part takes more than 20 seconds here; zoom in, or start it");
        if (cancel.requested()) throw HttpError(409, kSuperseded);
        throw;
    }
}

void Previews::end() {
    std::lock_guard guard(mutex_);
    ended_ = true;
    for (const auto& [view, request] : requests_) request->end();
}

}  // namespace acuity::server
