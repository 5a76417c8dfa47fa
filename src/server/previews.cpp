#include "server/previews.h"

#include <fmt/format.h>

#include "codec/formats.h"
#include "pipeline/diagnosis.h"
#include "pipeline/job.h"
#include "server/answers.h"
#include "server/settings.h"

namespace acuity::server {

using nlohmann::json;
using vips::VImage;

namespace {

constexpr std::size_t kMostGraphs = 8;  // a comparison has six
constexpr std::size_t kMostSessions = 4, kMostViews = 1000;
constexpr double kMostPixels = 4.2e6;
/// Of a preview's tiles: a view needs few pixels, and around each tile lies a halo that costs.
constexpr int kTile = 96;
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
    const bool shrunk = work.start != work.source;
    return {{"model", models},
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

struct Previews::Graph {
    std::string path, settings;
    std::shared_ptr<Held> held;  // outlives the images below
    std::shared_ptr<Opened> opened;
    pipeline::Work work;
    pipeline::RunFacts facts;
    codec::Picture result;  // lazy; without frames until a part is asked for
};

Previews::Previews(const pipeline::Options& base, std::function<void(bool)> urgent)
    : base_(base), urgent_(std::move(urgent)) {}

std::shared_ptr<Previews::Held> Previews::session(const json& settings) {
    auto& held = sessions_[sessionKey(settings)];
    if (!held) {
        if (sessions_.size() > kMostSessions) {
            sessions_.clear();
            graphs_.clear();
            return session(settings);
        }
        held = std::make_shared<Held>();
        pipeline::Options options = with(base_, settings);
        options.size = {};  // of the pictures, not of the session
        if (!options.tile) options.tile = kTile;
        held->session = std::make_unique<pipeline::Session>(options, &held->cancel);
    }
    held->cancel.clear();
    return held;
}

std::shared_ptr<Previews::Graph> Previews::graph(const std::shared_ptr<Opened>& opened,
                                                 const json& settings) {
    const std::string key = settings.dump();
    for (auto each = graphs_.begin(); each != graphs_.end(); ++each) {
        if ((*each)->opened != opened || (*each)->settings != key) continue;
        graphs_.splice(graphs_.begin(), graphs_, each);
        graphs_.front()->held->cancel.clear();
        return graphs_.front();
    }
    auto graph = std::make_shared<Graph>();
    graph->settings = key;
    graph->opened = opened;
    graph->held = session(settings);
    const pipeline::Options options = with(base_, settings);
    codec::Picture first = opened->picture;
    const int page = std::clamp(options.page, 0, int(first.frames.size()) - 1);
    first.frames = {first.frames[std::size_t(page)]};
    pipeline::Session& session = *graph->held->session;
    const plan::Evidence evidence =
        pipeline::evidenceOf(opened->picture, opened->history ? &*opened->history : nullptr,
                             Gallery::diagnosis(*opened, session));
    graph->work = pipeline::look(first, evidence, options, session);
    graph->facts.parts = true;
    graph->result = pipeline::enlarge(first, graph->work, session, kMemory, graph->facts);
    graphs_.push_front(graph);
    if (graphs_.size() > kMostGraphs) graphs_.pop_back();
    return graph;
}

json Previews::plan(const std::shared_ptr<Opened>& opened, const json& settings) {
    std::lock_guard one(computing_);
    const Urgent urgent(urgent_);
    const auto found = graph(opened, settings);
    const pipeline::Work& work = found->work;
    const pipeline::Options options = with(base_, settings);
    const codec::Format format =
        pipeline::formatFor({opened->path, "", ""}, opened->picture.format, options);
    return {{"outputWidth", work.target.crop.width}, {"outputHeight", work.target.crop.height},
            {"factor", work.target.factor},          {"dpi", work.dpiX},
            {"explanation", explain(work)},          {"automatic", automatic(work)},
            {"format", codec::facts(format).name},   {"plan", toJson(work)}};
}

std::string Previews::render(const std::shared_ptr<Opened>& opened, const json& settings,
                             const Region& region, const std::string& view) {
    long ticket = 0;
    {
        std::lock_guard guard(mutex_);
        if (tickets_.size() > kMostViews) tickets_.clear();
        ticket = ++tickets_[view];
        if (runningWith_ && running_ == view) runningWith_->cancel.request();
    }
    std::lock_guard one(computing_);
    const Urgent urgent(urgent_);
    const auto superseded = [&] { return ended_ || tickets_[view] != ticket; };
    {
        std::lock_guard guard(mutex_);
        if (superseded()) throw HttpError(409, kSuperseded);
    }
    const auto found = graph(opened, settings);
    {
        std::lock_guard guard(mutex_);
        if (superseded()) throw HttpError(409, kSuperseded);
        running_ = view;
        runningWith_ = found->held;
    }
    const auto done = [&] {
        std::lock_guard guard(mutex_);
        runningWith_ = nullptr;
    };
    found->held->cancel.limit(kLongest);
    try {
        const VImage& whole = found->result.frames.front();
        const bool inside = region.left >= 0 && region.top >= 0 && region.width > 0 &&
                            region.height > 0 && region.left <= whole.width() - region.width &&
                            region.top <= whole.height() - region.height;
        if (!inside || double(region.width) * region.height > kMostPixels)
            throw HttpError(422, "the region lies outside the result, or is above 4 megapixels");
        const VImage part =
            whole.crop(region.left, region.top, region.width, region.height).copy_memory();
        done();
        return png(shown(found->result, part));
    } catch (...) {
        done();
        graphs_.remove(found);  // its tiles may be damaged
        if (found->held->cancel.late())
            throw HttpError(503, "this part takes more than 20 seconds here; zoom in, or start it");
        if (found->held->cancel.requested()) throw HttpError(409, kSuperseded);
        found->facts.failure->rethrow();
        throw;
    }
}

void Previews::end() {
    std::lock_guard guard(mutex_);
    ended_ = true;
    if (runningWith_) runningWith_->cancel.request();
}

}  // namespace acuity::server
