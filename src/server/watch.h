// A folder whose new pictures are enlarged without being asked.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "server/intake.h"
#include "server/loop.h"
#include "server/store.h"

namespace acuity::server {

class Watch {
  public:
    /// Results go to the folder "enlarged" inside. `came` is called for each picture, with the job
    /// that was queued for it.
    Watch(const std::string& folder, Store& store, Intake& intake,
          std::function<void(const PictureEntry&, const JobEntry&)> came);

  private:
    void look();
    /// Whether that is settled: queued, or no picture. Else it is tried again.
    bool take(const std::string& path);

    const std::string folder_;
    Store& store_;
    Intake& intake_;
    const std::function<void(const PictureEntry&, const JobEntry&)> came_;
    std::map<std::string, std::string> growing_;  // path to size and time at the last look
    std::string lastSaid_;
    std::optional<Loop> loop_;  // last: it uses the rest
};

}  // namespace acuity::server
