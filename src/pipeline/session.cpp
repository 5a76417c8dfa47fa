#include "pipeline/session.h"

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/system.h"
#include "codec/load.h"

namespace acuity::pipeline {
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kLeastMemory = 192ull << 20;

engine::Precision precisionFor(const Options& options, const engine::Engine& engine, int depth) {
    if (options.precision == "bf16") return engine::Precision::bf16;
    if (options.precision == "f32") return engine::Precision::f32;
    return depth == 8 ? engine.preferred() : engine::Precision::f32;
}

const std::string kFaithful = "faithful", kCleaner = "clean";

/// The models NAME-x2, NAME-x4 and so on; a model of just that name comes first.
std::optional<ModelChoice> family(const std::string& name) {
    ModelChoice choice;
    choice.name = name;
    choice.ours = true;
    for (const model::Model& model : model::catalogue()) {
        if (model.name == name) return std::nullopt;
        if (model.name.rfind(name + "-x", 0) != 0) continue;
        choice.networks[model.facts.scale] = model.name;
        choice.ours = choice.ours && !model.own;
    }
    return choice.networks.empty() ? std::nullopt : std::optional(choice);
}

}  // namespace

std::uint64_t allowance(const Options& options) {
    if (!options.memory) return std::max(memorySize() / 4, kLeastMemory);
    if (options.memory < kLeastMemory) throw Error(Kind::usage, "--memory must be at least 192M");
    return options.memory;
}

Session::Session(Options options, const Cancel* cancel)
    : options_(std::move(options)),
      cancel_(cancel),
      memory_(allowance(options_)),
      threads_(options_.threads ? options_.threads : coreCount()) {
    checkRequest(options_.size);
    codec::startVips();
    vips_concurrency_set(threads_);
    choice_ = choose(options_.model);
}

engine::Engine& Session::engine() {
    if (!engine_) engine_ = engine::openEngine(options_.engine, options_.device);
    return *engine_;
}

std::string Session::engineName() {
    std::lock_guard guard(mutex_);
    return engine().name();
}

std::shared_ptr<diagnose::Network> Session::diagnostic(const std::string& name) {
    std::lock_guard guard(mutex_);
    auto& slot = diagnostics_[name];
    if (!slot) {
        engine();
        slot = std::make_shared<diagnose::Network>(name, engine_, threads_);
    }
    return slot;
}

void Session::restDiagnostics() {
    std::lock_guard guard(mutex_);
    diagnostics_.clear();
}

plan::Catalogue Session::catalogue() const {
    const fs::path cleaner = fs::path(model::modelsFolder()) / (kCleaner + ".onnx");
    return {choice_, choice_.ours ? std::nullopt : family(kFaithful),
            fs::exists(cleaner) ? kCleaner : ""};
}

ModelChoice Session::faithful() const {
    if (auto found = family(kFaithful)) return *found;
    throw Error(Kind::model, "the faithful models are not there; install Acuity anew");
}

ModelChoice Session::choose(const std::string& name) {
    ModelChoice choice;
    choice.name = name == "auto" ? kFaithful : name;
    choice.kernel = ops::kernelOfName(choice.name);
    if (choice.kernel) return choice;
    if (choice.name == kCleaner) {
        // It does its work before all else; what is missing to the size is interpolated.
        if (catalogue().cleaner.empty())
            throw Error(Kind::model, "the network that cleans is not there; install Acuity anew");
        choice.kernel = ops::Kernel::lanczos;
        choice.ours = true;
        return choice;
    }
    if (options_.engine == "gpu") engine();  // say at once when there is none
    if (auto found = family(choice.name)) return *found;
    loaded_ = model::load(choice.name, &engine(), options_.modelOptions);
    choice.networks[loaded_->facts.scale] = choice.name;
    for (const model::Model& model : model::catalogue())
        if (model.name == choice.name) choice.ours = !model.own;
    return choice;
}

std::shared_ptr<model::Runner> Session::runner(const std::string& name, int depth,
                                               const model::Conditions& told) {
    std::lock_guard guard(mutex_);
    const auto precision = precisionFor(options_, engine(), depth);
    auto& slot = runners_[{name, told, precision}];
    if (!slot) {
        engine::Settings settings;
        settings.precision = precision;
        settings.threads = settings.streams = threads_;
        // What was loaded to learn its factor serves the first runner.
        model::Model model = loaded_ && name == choice_.name
                                 ? std::move(*loaded_)
                                 : model::load(name, engine_.get(), options_.modelOptions);
        loaded_.reset();
        auto fresh = std::make_shared<model::Runner>(std::move(model), engine_, settings, told);
        if (!told.empty()) forgetTold();
        return runners_[{name, told, precision}] = std::move(fresh);
    }
    return slot;
}

/// Every noisy picture has conditions of its own: networks that nobody uses any more make room.
void Session::forgetTold() {
    constexpr std::size_t kKept = 2;
    std::size_t idle = 0;
    for (auto each = runners_.begin(); each != runners_.end();) {
        const bool unused = !each->second || each->second.use_count() == 1;
        if (std::get<model::Conditions>(each->first).empty() || !unused || idle++ < kKept) {
            ++each;
            continue;
        }
        tunings_.erase(each->second.get());
        each = runners_.erase(each);
    }
}

int Session::tileFor(model::Runner& runner, double pixels) {
    // Smaller pictures are done before a search would tell anything.
    constexpr double kSearchPays = 2e6;
    if (options_.tile) return options_.tile;
    std::lock_guard guard(mutex_);
    auto known = tunings_.find(&runner);
    if (known == tunings_.end() || (known->second.nanoseconds == 0 && pixels > kSearchPays)) {
        auto tuning = model::rememberedTuning(runner);
        if (!tuning && pixels > kSearchPays) tuning = model::searchTuning(runner, pixels, cancel_);
        if (!tuning) tuning = model::estimateTuning(runner);
        known = tunings_.insert_or_assign(&runner, *tuning).first;
        runner.setStreams(tuning->streams);
    }
    return known->second.tile;
}

bool Session::claim(const std::string& output) {
    std::lock_guard guard(mutex_);
    return claimed_.insert(std::filesystem::path(output).lexically_normal().string()).second;
}

Session::Share::Share(Session& session, bool all) : session_(session), tokens_(all ? kAtOnce : 1) {
    std::unique_lock lock(session.mutex_);
    session.freed_.wait(lock, [&] { return session.tokens_ >= tokens_; });
    session.tokens_ -= tokens_;
    bytes_ = session.memory_ / kAtOnce * tokens_;
}

Session::Share::~Share() {
    {
        std::lock_guard guard(session_.mutex_);
        session_.tokens_ += tokens_;
    }
    session_.freed_.notify_all();
}

}  // namespace acuity::pipeline
