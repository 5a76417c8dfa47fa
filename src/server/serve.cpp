#include "server/serve.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "codec/load.h"
#include "server/answers.h"
#include "server/guard.h"
#include "server/page.h"
#include "server/services.h"
#include "server/watch.h"

namespace acuity::server {

namespace {

const char* sentenceFor(int status) {
    switch (status) {
        case 400:
            return "this is no request that the server understands";
        case 404:
            return "there is nothing of that name";
        case 411:
            return "the length of the body must be said";
        case 413:
            return "that is too large";
        case 414:
            return "the address is too long";
        case 415:
            return "the body is of a kind that is not taken";
        case 416:
            return "the file has no such range";
        default:
            return "that did not work";
    }
}

/// The page itself, from memory.
bool sendAsset(const httplib::Request& request, httplib::Response& response) {
    if (request.method != "GET" && request.method != "HEAD") return false;
    const Asset* found = asset(request.path);
    if (!found) return false;
    response.set_header("Cache-Control", "no-cache");
    response.set_header("Vary", "Accept-Encoding");
    if (request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos) {
        response.set_header("Content-Encoding", "gzip");
        // Given as a stream: the library would compress a body once more.
        const std::string& bytes = zipped(*found);
        response.set_content_provider(
            bytes.size(), found->type,
            [&bytes](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                return sink.write(bytes.data() + offset, length);
            });
    } else {
        response.set_content(found->bytes.data(), found->bytes.size(), found->type);
    }
    return true;
}

/// Only pictures are large: all else the library would read into memory before it is looked at.
int refusedBody(const httplib::Request& request) {
    if (request.path == "/api/pictures") return 0;
    if (request.has_header("Transfer-Encoding")) return 411;
    return request.get_header_value<std::uint64_t>("Content-Length") > kMostJson ? 413 : 0;
}

void prepare(HttpServer& http, const Guard& guard, const Config& config) {
    http.set_default_headers(securityHeaders());
    http.set_payload_max_length(config.upload);
    http.set_pre_routing_handler(
        [&guard](const httplib::Request& request, httplib::Response& response) {
            using Outcome = httplib::Server::HandlerResponse;
            if (guard.refuses(request, response)) return Outcome::Handled;
            if (const int status = refusedBody(request)) {
                answerError(response, status, sentenceFor(status), "request");
                return Outcome::Handled;
            }
            return sendAsset(request, response) ? Outcome::Handled : Outcome::Unhandled;
        });
    http.set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
        if (!response.has_header("Cache-Control")) response.set_header("Cache-Control", "no-store");
        if (response.status >= 400) response.set_header("Connection", "close");
    });
    http.set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr thrown) {
            answerException(response, thrown);
        });
    http.set_error_handler([](const httplib::Request&, httplib::Response& response) {
        if (response.body.empty() && response.status >= 400)
            answerError(response, response.status, sentenceFor(response.status), "request");
    });
}

}  // namespace

Services::Services(const Config& config)
    : config(config),
      store(config.data),
      gallery(config.base),
      intake(store, gallery, config.disk, config.base.maxInputPixels),
      worker(store, events, gallery, intake, config.base, std::int64_t(config.keepDays) * 86400),
      measuring(store, events, gallery, config.base),
      previews(config.base, [this](bool on) { worker.hold(on); }) {}

PictureEntry Services::picture(const std::string& id) {
    if (const auto found = store.picture(id)) return *found;
    throw HttpError(404, "there is no such picture");
}

JobEntry Services::job(const std::string& id) {
    if (const auto found = store.job(id)) return *found;
    throw HttpError(404, "there is no such job");
}

std::shared_ptr<Opened> Services::opened(const PictureEntry& picture) {
    return gallery.open(store.file(picture), picture.name, config.base.maxInputPixels);
}

std::shared_ptr<Opened> Services::openedResult(const JobEntry& job) {
    if (job.state != JobState::done) throw HttpError(409, "the job is not done");
    return gallery.open(store.resultFile(job.file), job.output, kOfOurOwn);
}

namespace {

/// Refuses what cannot work before anything is opened or begun.
void check(const Config& config) {
    if (!Guard::isLoopback(config.host) && config.token.size() < 16)
        throw Error(Kind::usage,
                    "--host: where others can reach the server it wants a --token of at least 16 "
                    "characters, such as " +
                        newId());
    if (!config.watch.empty() && !std::filesystem::is_directory(config.watch))
        throw Error(Kind::usage, "--watch: there is no folder " + inQuotes(config.watch));
}

/// Where the page is.
std::string addressOf(const Config& config, int port) {
    const bool six = config.host.find(':') != std::string::npos;
    const std::string token = httplib::detail::encode_query_param(config.token);
    return fmt::format("http://{}{}{}:{}/{}", six ? "[" : "", config.host, six ? "]" : "", port,
                       token.empty() ? "" : "?token=" + token);
}

}  // namespace

void serve(const Config& config, const Cancel& cancel,
           const std::function<void(const std::string&)>& ready) {
    check(config);
    codec::startVips();
    HttpServer http(config.host, config.port);
    Services services(config);
    const Guard guard(config.host, http.port(), config.token);
    prepare(http, guard, config);
    addPictureRoutes(http, services);
    addJobRoutes(http, services);
    addOtherRoutes(http, services);
    std::optional<Watch> watch;
    if (!config.watch.empty())
        watch.emplace(config.watch, services.store, services.intake,
                      [&](const PictureEntry& picture, const JobEntry& job) {
                          services.events.publish("picture", Measuring::describe(picture));
                          services.worker.tell(job.id);
                          services.measuring.wake();
                          services.worker.wake();
                      });
    ready(addressOf(config, http.port()));
    http.serve(cancel, [&] {
        services.events.end();
        services.ending.request();
        services.previews.end();
        services.worker.end();
        services.measuring.end();
    });
}

}  // namespace acuity::server
