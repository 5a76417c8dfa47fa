// What several pictures of one run share: the engine, compiled networks, and the memory allowance.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "base/cancel.h"
#include "diagnose/network.h"
#include "model/model.h"
#include "model/tuning.h"
#include "pipeline/options.h"

namespace acuity::pipeline {

using plan::ModelChoice;

/// Bytes that may be used: what the options say, else a quarter of the machine's. Throws
/// Error(usage) for less than anything needs.
std::uint64_t allowance(const Options& options);

class Session {
  public:
    /// Throws Error(usage, model or engine) when nothing could start with these options.
    Session(Options options, const Cancel* cancel);

    const Options& options() const { return options_; }
    const Cancel* cancel() const { return cancel_; }
    const ModelChoice& choice() const { return choice_; }
    std::uint64_t memory() const { return memory_; }
    int threads() const { return threads_; }

    /// A network ready to run; `depth` is the picture's bits a sample, which decides the precision.
    /// `told` are its conditions, if it has any.
    std::shared_ptr<model::Runner> runner(const std::string& name, int depth,
                                          const model::Conditions& told = {});
    /// Tile and streams for a picture of so many input pixels; searches when that pays.
    int tileFor(model::Runner& runner, double pixels);
    std::string engineName();
    /// A network that measures, by its name in models/diagnose.
    std::shared_ptr<diagnose::Network> diagnostic(const std::string& name);
    /// Frees their memory until they are asked for again.
    void restDiagnostics();
    /// What there is to enlarge with. Whether the faithful models are there is not asked of those
    /// who name one of them.
    plan::Catalogue catalogue() const;
    /// The models that invent nothing. Throws Error(model) when they are not there.
    ModelChoice faithful() const;
    /// False when another picture of this run writes there already.
    bool claim(const std::string& output);

    /// A share of the memory allowance, held while a picture is worked on. Waits until it is free.
    class Share {
      public:
        Share(Session& session, bool all);
        ~Share();
        Share(const Share&) = delete;
        std::uint64_t bytes() const { return bytes_; }

      private:
        Session& session_;
        int tokens_;
        std::uint64_t bytes_;
    };

    /// Pictures worked on at once in a batch: while one is encoded the next is inferred.
    static constexpr int kAtOnce = 2;

  private:
    engine::Engine& engine();
    ModelChoice choose(const std::string& name);

    const Options options_;
    const Cancel* cancel_;
    const std::uint64_t memory_;
    const int threads_;
    std::mutex mutex_;
    std::condition_variable freed_;
    int tokens_ = kAtOnce;
    std::shared_ptr<engine::Engine> engine_;
    using Key = std::tuple<std::string, model::Conditions, engine::Precision>;
    void forgetTold();

    std::map<Key, std::shared_ptr<model::Runner>> runners_;
    std::map<model::Runner*, model::Tuning> tunings_;
    std::map<std::string, std::shared_ptr<diagnose::Network>> diagnostics_;
    ModelChoice choice_;
    std::optional<model::Model> loaded_;  // named by choice_, until a runner takes it
    std::set<std::string> claimed_;
};

}  // namespace acuity::pipeline
