// /api/jobs and what they made
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "codec/formats.h"
#include "codec/prepare.h"
#include "codec/save.h"
#include "ops/resample.h"
#include "ops/sheet.h"
#include "server/answers.h"
#include "server/services.h"
#include "server/settings.h"
#include "server/zip.h"

namespace acuity::server {
namespace fs = std::filesystem;
using httplib::ContentReader;
using httplib::Request;
using httplib::Response;
using vips::VImage;

namespace {

constexpr int kMostWaiting = 1000;

void queue(Services& services, const Request& request, Response& response,
           const ContentReader& reader) {
    const json body = objectIn(request, reader);
    const json id = body.value("picture", json());
    const json first = body.value("first", json(false)),
               trust = body.value("trustMap", json(false));
    if (!id.is_string() || !first.is_boolean() || !trust.is_boolean())
        throw HttpError(422, "'picture' must be a string, 'first' and 'trustMap' true or false");
    const PictureEntry picture = services.picture(id);
    JobEntry job;
    job.id = newId();
    job.picture = picture.id;
    job.name = picture.name;
    job.settings = checked(body.value("settings", json::object()));
    job.trustMap = trust;
    job.created = now();
    services.intake.checkRoom(0);
    {
        std::lock_guard guard(services.deciding);
        if (services.store.waiting() >= kMostWaiting)
            throw HttpError(429, "a thousand jobs wait already; come again later");
        services.store.add(job, first);
    }
    services.worker.wake();
    services.worker.tell(job.id);
    answer(response, services.worker.describe(services.job(job.id)), 201);
}

void act(Services& services, const Request& request, Response& response) {
    const JobEntry job = services.job(request.matches[1]);
    const std::string action = request.matches[2];
    if (action == "cancel") {
        if (!services.store.cancel(job.id)) throw HttpError(409, "the job has ended already");
        services.worker.interrupt(job.id);
    } else if (action == "retry") {
        if (!services.store.requeue(job.id))
            throw HttpError(409, "only a job that failed or was cancelled can be tried again");
        services.worker.wake();
    } else if (!services.store.moveFirst(job.id)) {
        throw HttpError(409, "the job does not wait any more");
    }
    services.worker.tell(job.id);
    answer(response, services.worker.describe(services.job(job.id)));
}

void remove(Services& services, const Request& request, Response& response) {
    const JobEntry job = services.job(request.matches[1]);
    services.store.cancel(job.id);
    services.worker.interrupt(job.id);
    if (!job.file.empty()) services.gallery.close(services.store.resultFile(job.file));
    services.store.removeJob(job.id);
    services.events.publish("gone", {{"id", job.id}});
    response.status = 204;
}

/// The result in another format, made once and kept beside it.
std::string converted(Services& services, const JobEntry& job, codec::Format format, int quality) {
    const std::string path = services.store.resultFile(
        fmt::format("{}-{}.{}", job.id, quality, codec::extension(format)));
    std::lock_guard guard(services.converting);
    if (fs::exists(path)) return path;
    services.intake.checkRoom(0);
    const auto opened = services.openedResult(job);
    codec::SaveOptions save;
    save.quality = quality;
    save.dpiX = opened->picture.metadata.dpiX;
    save.dpiY = opened->picture.metadata.dpiY;
    save.keepMetadata = job.settings.value("keep-metadata", "all") == "all";
    save.memory = pipeline::allowance(services.config.base) / 2;
    save.cancel = &services.ending;
    codec::checkSave(opened->picture, format, path, save);
    codec::save(opened->picture, format, path, save);
    return path;
}

void sendResult(Services& services, const Request& request, Response& response) {
    const JobEntry job = services.job(request.matches[1]);
    if (job.state != JobState::done) throw HttpError(409, "the job is not done");
    const std::string own = job.result.value("format", "");
    const std::string wanted =
        request.has_param("format") ? request.get_param_value("format") : own;
    if (wanted == own && !request.has_param("quality")) {
        sendFile(request, response, services.store.resultFile(job.file), contentType(own),
                 job.output);
        return;
    }
    const auto format = codec::formatOfName(wanted);
    if (!format || !codec::facts(*format).writable || *format == codec::Format::dz)
        throw HttpError(422, "there are jpg, png, webp, tiff, avif, jxl and gif");
    const std::string text = request.get_param_value("quality");
    const bool number = text.size() <= 3 && std::all_of(text.begin(), text.end(), [](char c) {
                            return c >= '0' && c <= '9';
                        });
    const int quality = number && !text.empty() ? std::stoi(text) : 0;
    if (!number || quality > 100) throw HttpError(422, "the quality is a number from 1 to 100");
    const std::string path = converted(services, job, *format, quality);
    sendFile(request, response, path, contentType(codec::facts(*format).name),
             fs::path(job.output).stem().string() + fs::path(path).extension().string());
}

int sideOf(const Request& request, const char* name, int otherwise) {
    if (!request.has_param(name)) return otherwise;
    const std::string text = request.get_param_value(name);
    if (text.empty() || text.size() > 8 ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
        throw HttpError(422, std::string("'") + name + "' must be a whole number of pixels");
    return std::stoi(text);
}

/// A region before and after, side by side.
void share(Services& services, const Request& request, Response& response) {
    const JobEntry job = services.job(request.matches[1]);
    const auto after = services.openedResult(job);
    const auto before = services.opened(services.picture(job.picture));
    const VImage large = after->picture.frames.front(), small = before->picture.frames.front();
    constexpr int kSide = 1600;
    const int left = std::min(sideOf(request, "left", 0), large.width() - 1);
    const int top = std::min(sideOf(request, "top", 0), large.height() - 1);
    const int width =
        std::clamp(sideOf(request, "width", kSide), 1, std::min(kSide, large.width() - left));
    const int height =
        std::clamp(sideOf(request, "height", kSide), 1, std::min(kSide, large.height() - top));
    const double across = double(small.width()) / large.width(),
                 down = double(small.height()) / large.height();
    const int x = int(left * across), y = int(top * down);
    const int w = std::clamp(int(std::lround(width * across)), 1, small.width() - x);
    const int h = std::clamp(int(std::lround(height * down)), 1, small.height() - y);
    const VImage plain =
        ops::resample(codec::flattened(before->picture, small.crop(x, y, w, h)).copy_memory(),
                      width, height, ops::Kernel::bicubic);
    const VImage sheet =
        ops::sheet({{{plain, "before: bicubic"},
                     {codec::flattened(after->picture, large.crop(left, top, width, height)),
                      fmt::format("after: Acuity, {:.3g}x", 1 / across)}}},
                   width);
    response.set_content(png(sheet), "image/png");
}

/// Names that differ, whatever their owners called them.
std::vector<ZipEntry> entriesOf(Services& services, const std::vector<JobEntry>& jobs) {
    std::vector<ZipEntry> entries;
    std::set<std::string> taken;
    for (const JobEntry& job : jobs) {
        if (job.state != JobState::done) continue;
        const fs::path name = job.output;
        std::string free = job.output;
        for (int n = 2; !taken.insert(free).second; n++)
            free = fmt::format("{}-{}{}", name.stem().string(), n, name.extension().string());
        entries.push_back({free, services.store.resultFile(job.file)});
    }
    return entries;
}

void sendZip(Services& services, const Request& request, Response& response) {
    std::vector<JobEntry> jobs;
    const std::string ids = request.get_param_value("jobs");
    if (ids.empty()) jobs = services.store.jobs();
    for (std::size_t from = 0; from < ids.size();) {
        const std::size_t end = std::min(ids.find(',', from), ids.size());
        jobs.push_back(services.job(ids.substr(from, end - from)));
        from = end + 1;
    }
    const auto entries = entriesOf(services, jobs);
    if (entries.empty()) throw HttpError(404, "there are no results");
    response.set_header("Content-Disposition", "attachment; filename=acuity.zip");
    response.set_chunked_content_provider(
        "application/zip", [entries](std::size_t, httplib::DataSink& sink) {
            writeZip(entries, [&](const char* bytes, std::size_t count) {
                return sink.write(bytes, count);
            });
            sink.done();
            return true;
        });
}

}  // namespace

void addJobRoutes(httplib::Server& http, Services& services) {
    const std::string one = std::string("/api/jobs/") + kId;
    http.Post("/api/jobs",
              [&](const Request& request, Response& response, const ContentReader& reader) {
                  queue(services, request, response, reader);
              });
    http.Get("/api/jobs", [&](const Request&, Response& response) {
        json list = json::array();
        for (const JobEntry& job : services.store.jobs())
            list.push_back(services.worker.describe(job));
        answer(response, list);
    });
    http.Get(one, [&](const Request& request, Response& response) {
        answer(response, services.worker.describe(services.job(request.matches[1])));
    });
    http.Delete(one, [&](const Request& request, Response& response) {
        remove(services, request, response);
    });
    http.Post(one + "/(cancel|retry|first)", [&](const Request& request, Response& response) {
        act(services, request, response);
    });
    http.Get(one + "/file", [&](const Request& request, Response& response) {
        sendResult(services, request, response);
    });
    http.Get(one + R"(/tiles/(\d+)/(\d+)_(\d+))", [&](const Request& request, Response& response) {
        sendTile(*services.openedResult(services.job(request.matches[1])), request, response, 2);
    });
    http.Get(one + R"(/trust/(\d+)/(\d+)_(\d+))", [&](const Request& request, Response& response) {
        const JobEntry job = services.job(request.matches[1]);
        if (!job.trustMap || job.state != JobState::done)
            throw HttpError(404, "no trust map was asked for");
        const auto map =
            services.gallery.open(services.store.trustFile(job.id), "the trust map", kOfOurOwn);
        sendTile(*map, request, response, 2);
    });
    http.Get(one + "/share", [&](const Request& request, Response& response) {
        share(services, request, response);
    });
    http.Get("/api/results.zip", [&](const Request& request, Response& response) {
        sendZip(services, request, response);
    });
}

}  // namespace acuity::server
