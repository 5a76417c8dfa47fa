// Plans and parts of results, computed while somebody looks. A result is a lazy image: what is
// asked for is computed with the same tiles and halos as in the finished file, and stays for a
// while.
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

    struct Region {
        int left = 0, top = 0, width = 0, height = 0;  // pixels of the result
    };

    /// A region of the result as PNG. A later request of the same view ends an earlier one, which
    /// then throws HttpError(409); so does one that waits behind it.
    std::string render(const std::shared_ptr<Opened>& opened, const nlohmann::json& settings,
                       const Region& region, const std::string& view);

    /// Ends what is computed, for good.
    void end();

  private:
    struct Held;
    struct Graph;

    std::shared_ptr<Held> session(const nlohmann::json& settings);
    std::shared_ptr<Graph> graph(const std::shared_ptr<Opened>& opened,
                                 const nlohmann::json& settings);

    const pipeline::Options base_;
    const std::function<void(bool)> urgent_;
    std::mutex computing_;  // one at a time: each uses all cores
    std::mutex mutex_;      // of what follows
    std::map<std::string, long> tickets_;
    std::string running_;  // the view that is computed for
    std::shared_ptr<Held> runningWith_;
    bool ended_ = false;
    std::map<std::string, std::shared_ptr<Held>> sessions_;  // used while computing
    std::list<std::shared_ptr<Graph>> graphs_;               // latest use first, likewise
};

}  // namespace acuity::server
