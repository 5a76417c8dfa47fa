// Facts, events, presets
#include <fmt/format.h>

#include "acuity/acuity.h"
#include "api/variants.h"
#include "model/model.h"
#include "server/answers.h"
#include "server/services.h"
#include "server/settings.h"

namespace acuity::server {

using httplib::ContentReader;
using httplib::Request;
using httplib::Response;

namespace {

constexpr int kMostStreams = 64, kMostPresets = 200;
constexpr std::size_t kLongestPreset = 250;  // bytes: the page lets people write 60 characters
constexpr auto kStreamTime = std::chrono::seconds(30);

json models() {
    json list = json::array();
    for (const model::Model& model : model::catalogue())
        list.push_back({{"name", model.name},
                        {"scale", model.facts.scale},
                        {"ours", !model.own && !model.interpolation},
                        {"own", model.own},
                        {"interpolation", model.interpolation}});
    return list;
}

json variants() {
    json list = {{{"label", "what Acuity chooses"}, {"settings", json::object()}}};
    for (const api::Variant& variant : api::classicVariants()) {
        json settings = json::object();
        for (const auto& [name, value] : variant.settings) settings[name] = value;
        list.push_back({{"label", variant.label}, {"settings", settings}});
    }
    return list;
}

json health(Services& services) {
    return {{"version", version()},
            {"jobs", services.store.jobCounts()},
            {"bytesUsed", services.store.used()},
            {"bytesAllowed", services.config.disk},
            {"watching", services.config.watch}};
}

/// Writes what happened to one listener until the time is over.
struct Listener {
    std::int64_t last;
    std::chrono::steady_clock::time_point until;

    bool operator()(Services& services, const HttpServer& http, httplib::DataSink& sink) {
        constexpr int kWait = 1000;
        bool missed = false;
        const auto events = services.events.after(last, kWait, missed);
        std::string text;
        if (missed) {
            last = services.events.latest();
            text = fmt::format("id: {}\nevent: reset\ndata: {{}}\n\n", last);
        }
        for (const Event& event : events) {
            if (missed) break;
            text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, event.type,
                                event.data);
            last = event.number;
        }
        if (text.empty()) text = ":\n\n";  // shows that the client is still there
        if (!sink.write(text.data(), text.size())) return false;
        if (http.stopping() || std::chrono::steady_clock::now() > until) sink.done();
        return true;
    }
};

void stream(Services& services, const HttpServer& http, const Request& request,
            Response& response) {
    if (++services.streams > kMostStreams) {
        --services.streams;
        throw HttpError(503, "too many pages listen; close some");
    }
    Listener listener{services.events.latest(), std::chrono::steady_clock::now() + kStreamTime};
    const std::string last = request.get_header_value("Last-Event-ID");
    if (!last.empty()) listener.last = std::strtoll(last.c_str(), nullptr, 10);
    auto state = std::make_shared<Listener>(listener);
    response.set_chunked_content_provider(
        "text/event-stream",
        [&services, &http, state, greeted = std::make_shared<bool>(false)](
            std::size_t, httplib::DataSink& sink) {
            if (!*greeted) {
                *greeted = true;
                // From where to go on when the connection is lost before the first event.
                const std::string hello = fmt::format("id: {}\nretry: 500\n\n", state->last);
                return sink.write(hello.data(), hello.size());
            }
            return (*state)(services, http, sink);
        },
        [&services](bool) { --services.streams; });
}

}  // namespace

void addOtherRoutes(HttpServer& http, Services& services) {
    http.Get("/api/health",
             [&](const Request&, Response& response) { answer(response, health(services)); });
    http.Get("/api/options",
             [](const Request&, Response& response) { answer(response, settingsList()); });
    http.Get("/api/models", [](const Request&, Response& response) { answer(response, models()); });
    http.Get("/api/variants",
             [](const Request&, Response& response) { answer(response, variants()); });
    http.Get("/api/events", [&](const Request& request, Response& response) {
        stream(services, http, request, response);
    });
    http.Get("/api/presets", [&](const Request&, Response& response) {
        answer(response, services.store.presets());
    });
    http.Put("/api/presets/(.+)",
             [&](const Request& request, Response& response, const ContentReader& reader) {
                 const json settings = checked(objectIn(request, reader));
                 const std::string name = request.matches[1];
                 if (name.size() > kLongestPreset)
                     throw HttpError(400, "the name is too long for a preset");
                 const json known = services.store.presets();
                 if (known.size() >= kMostPresets && !known.contains(name))
                     throw HttpError(429, "there are too many presets; remove some");
                 services.store.setPreset(name, settings);
                 response.status = 204;
             });
    http.Delete("/api/presets/(.+)", [&](const Request& request, Response& response) {
        if (!services.store.removePreset(request.matches[1]))
            throw HttpError(404, "there is no such preset");
        response.status = 204;
    });
}

}  // namespace acuity::server
