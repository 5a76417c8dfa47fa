// Plans and parts of results, computed while somebody looks. A part is cut from the lazy image that
// the finished file would be saved from, so that it has the same pixels, and stays for a while.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "pipeline/enlarge.h"
#include "server/gallery.h"

namespace acuity::server {

class Previews {
  public:
    /// `urgent(true)` is called before something is computed and `urgent(false)` after.
    Previews(const pipeline::Options& base, std::function<void(bool)> urgent);

    /// What would be done with a picture, as docs/openapi.yaml says. `settings` are checked.
    nlohmann::json plan(const std::shared_ptr<Opened>& opened, const nlohmann::json& settings);

    using Region = ops::Rect;  // pixels of the result

    /// A region of the result as PNG. A later request of the same view ends an earlier one, which
    /// then throws HttpError(409); so does one that waits behind it, and one of which `gone` says
    /// that nobody waits for it any more.
    std::string render(const std::shared_ptr<Opened>& opened, const nlohmann::json& settings,
                       const Region& region, const std::string& view,
                       const std::function<bool()>& gone);

    /// Ends what is computed, for good.
    void end();

  private:
    struct Held;
    struct Planned;
    struct Request;

    std::shared_ptr<Held> session(const nlohmann::json& settings);
    std::shared_ptr<Planned> planned(const std::shared_ptr<Opened>& opened,
                                     const nlohmann::json& settings);
    std::string compute(Planned& planned, const Region& region);

    const pipeline::Options base_;
    const std::function<void(bool)> urgent_;
    std::mutex computing_;                      // one at a time: each uses all cores
    std::mutex mutex_;                          // of what follows
    std::map<std::string, Request*> requests_;  // the latest of each view
    bool ended_ = false;
    std::map<std::string, std::shared_ptr<Held>> sessions_;  // used while computing
    std::list<std::shared_ptr<Planned>> plans_;              // latest use first, likewise
};

}  // namespace acuity::server
