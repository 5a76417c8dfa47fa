// The parts of a running server, as its routes see them.
#pragma once

#include "server/http.h"
#include "server/measuring.h"
#include "server/previews.h"
#include "server/serve.h"
#include "server/worker.h"

namespace acuity::server {

struct Services {
    explicit Services(const Config& config);

    const Config& config;
    Store store;
    Events events;
    Gallery gallery;
    Intake intake;
    Worker worker;
    Measuring measuring;
    Previews previews;
    std::mutex deciding, converting;  // of what must not happen twice at once
    Cancel ending;                    // of what a request waits for
    std::atomic<int> streams{0};      // of events
    std::atomic<int> uploads{0};

    /// Throws HttpError(404).
    PictureEntry picture(const std::string& id);
    JobEntry job(const std::string& id);
    std::shared_ptr<Opened> opened(const PictureEntry& picture);
    std::shared_ptr<Opened> openedResult(const JobEntry& job);
};

constexpr char kId[] = "([0-9a-f]{32})";

void addPictureRoutes(httplib::Server& http, Services& services);
void addJobRoutes(httplib::Server& http, Services& services);
void addOtherRoutes(HttpServer& http, Services& services);

/// What a path's part says of a tile: level, column, row, from `first` on.
void sendTile(Opened& opened, const httplib::Request& request, httplib::Response& response,
              std::size_t first);

}  // namespace acuity::server
