// /api/pictures
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "server/answers.h"
#include "server/services.h"
#include "server/settings.h"

namespace acuity::server {
namespace fs = std::filesystem;

namespace {

constexpr int kMostUploads = 24, kMostPictures = 5000;

/// Counts itself while it lives. Throws HttpError(503) beyond the most.
class Turn {
  public:
    Turn(std::atomic<int>& count, int most) : count_(count) {
        if (++count_ <= most) return;
        --count_;
        throw HttpError(503, "too many uploads at once; come again in a moment");
    }
    ~Turn() { --count_; }
    Turn(const Turn&) = delete;

  private:
    std::atomic<int>& count_;
};

/// A file that is being received: gone again unless somebody moved it away.
class Incoming {
  public:
    Incoming(const std::string& path, std::uint64_t most)
        : path_(path),
          most_(most),
          file_(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
        if (file_ < 0) throw HttpError(507, "the server cannot write into its folder");
    }
    ~Incoming() {
        close(file_);
        std::error_code code;
        fs::remove(path_, code);
    }
    Incoming(const Incoming&) = delete;

    bool add(const char* bytes, std::size_t count) {
        size_ += count;
        if (size_ > most_) return false;
        for (std::size_t done = 0; done < count;) {
            const ssize_t wrote = write(file_, bytes + done, count - done);
            if (wrote <= 0) throw HttpError(507, "the disk is full");
            done += std::size_t(wrote);
        }
        return true;
    }
    void restart() {
        if (ftruncate(file_, 0) != 0 || lseek(file_, 0, SEEK_SET) != 0)
            throw HttpError(507, "the server cannot write into its folder");
        size_ = 0;
    }
    std::uint64_t size() const { return size_; }
    bool tooLarge() const { return size_ > most_; }

  private:
    const std::string path_;
    const std::uint64_t most_;
    const int file_;
    std::uint64_t size_ = 0;
};

/// Reads the body into `file`, and gives the name of what it holds.
std::string receive(const httplib::Request& request, const httplib::ContentReader& reader,
                    Incoming& file) {
    std::string name = request.get_param_value("name");
    bool whole = false;
    const auto add = [&](const char* bytes, std::size_t count) { return file.add(bytes, count); };
    if (request.is_multipart_form_data()) {
        int parts = 0;
        whole = reader(
            [&](const httplib::MultipartFormData& part) {
                if (!part.filename.empty()) name = part.filename;
                file.restart();
                return ++parts <= 1;
            },
            add);
        if (parts > 1) throw HttpError(422, "one picture a request, please");
    } else {
        const std::string type = request.get_header_value("Content-Type");
        if (type != "application/octet-stream" && type.rfind("image/", 0) != 0)
            throw HttpError(415,
                            "send the picture as application/octet-stream or "
                            "multipart/form-data");
        if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
            throw HttpError(411, "say how long the picture is (Content-Length)");
        whole = reader(add);
    }
    if (file.tooLarge()) throw HttpError(413, "the picture is larger than this server takes");
    if (!whole || file.size() == 0) throw HttpError(400, "the picture did not arrive whole");
    if (name.empty()) throw HttpError(422, "say what the picture is called: ?name=photo.jpg");
    return name;
}

void upload(Services& services, const httplib::Request& request, httplib::Response& response,
            const httplib::ContentReader& reader) {
    const Turn turn(services.uploads, kMostUploads);
    const auto declared = request.get_header_value<std::uint64_t>("Content-Length");
    if (declared > services.config.upload)
        throw HttpError(413, fmt::format("pictures of at most {:.0f} MB are taken",
                                         double(services.config.upload) / 1e6));
    services.intake.checkRoom(declared);
    if (services.store.pictureCount() >= kMostPictures)
        throw HttpError(507, "there are too many pictures; remove some");
    const std::string path = services.store.incoming(newId());
    Incoming file(path, services.config.upload);
    const std::string name = receive(request, reader, file);
    services.intake.checkRoom(0);
    const PictureEntry entry = services.intake.take(path, name);
    services.measuring.wake();
    services.events.publish("picture", Measuring::describe(entry));
    answer(response, Measuring::describe(entry), 201);
}

Previews::Region regionIn(const json& body) {
    const auto side = [&](const char* name) {
        const auto found = body.find(name);
        if (found == body.end() || !found->is_number_integer() || *found < 0 || *found > 100000000)
            throw HttpError(422, std::string("'") + name + "' must be a whole number of pixels");
        return found->get<int>();
    };
    return {side("left"), side("top"), side("width"), side("height")};
}

void preview(Services& services, const httplib::Request& request, httplib::Response& response,
             const httplib::ContentReader& reader) {
    const auto began = std::chrono::steady_clock::now();
    const json body = objectIn(request, reader);
    const json settings = checked(body.value("settings", json::object()));
    const Previews::Region region = regionIn(body);
    const json view = body.value("view", json(""));
    if (!view.is_string() || view.get_ref<const std::string&>().size() > 100)
        throw HttpError(422, "'view' must be a short string");
    const auto opened = services.opened(services.picture(request.matches[1]));
    const std::string bytes =
        services.previews.render(opened, settings, region, view, HttpServer::clientGone());
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
    response.set_header("X-Acuity-Seconds", fmt::format("{:.3f}", taken.count()));
    response.set_content(bytes, "image/png");
}

}  // namespace

void sendTile(Opened& opened, const httplib::Request& request, httplib::Response& response,
              std::size_t first) {
    const auto number = [&](std::size_t i) {
        const std::string text = request.matches[first + i];
        return text.size() > 7 ? -1 : std::stoi(text);
    };
    response.set_header("Cache-Control", "private, max-age=3600");
    response.set_content(Gallery::tile(opened, number(0), number(1), number(2)), "image/png");
}

void addPictureRoutes(httplib::Server& http, Services& services) {
    using httplib::ContentReader;
    using httplib::Request;
    using httplib::Response;
    const std::string one = std::string("/api/pictures/") + kId;
    http.Post("/api/pictures",
              [&](const Request& request, Response& response, const ContentReader& reader) {
                  upload(services, request, response, reader);
              });
    http.Get("/api/pictures", [&](const Request&, Response& response) {
        json list = json::array();
        for (const PictureEntry& entry : services.store.pictures())
            list.push_back(Measuring::describe(entry));
        answer(response, list);
    });
    http.Get(one, [&](const Request& request, Response& response) {
        answer(response, Measuring::describe(services.picture(request.matches[1])));
    });
    http.Delete(one, [&](const Request& request, Response& response) {
        const PictureEntry entry = services.picture(request.matches[1]);
        services.gallery.close(services.store.file(entry));
        services.store.removePicture(entry.id);
        services.events.publish("gone", {{"id", entry.id}});
        response.status = 204;
    });
    http.Get(one + "/file", [&](const Request& request, Response& response) {
        const PictureEntry entry = services.picture(request.matches[1]);
        sendFile(request, response, services.store.file(entry), contentType(entry.format),
                 entry.name);
    });
    http.Get(one + "/thumbnail", [&](const Request& request, Response& response) {
        const auto opened = services.opened(services.picture(request.matches[1]));
        response.set_header("Cache-Control", "private, max-age=3600");
        response.set_content(Gallery::thumbnail(*opened), "image/png");
    });
    http.Get(one + R"(/tiles/(\d+)/(\d+)_(\d+))", [&](const Request& request, Response& response) {
        sendTile(*services.opened(services.picture(request.matches[1])), request, response, 2);
    });
    http.Post(one + "/plan",
              [&](const Request& request, Response& response, const ContentReader& reader) {
                  const json body = objectIn(request, reader);
                  const json settings = checked(body.value("settings", json::object()));
                  const auto opened = services.opened(services.picture(request.matches[1]));
                  answer(response, services.previews.plan(opened, settings));
              });
    http.Post(one + "/preview",
              [&](const Request& request, Response& response, const ContentReader& reader) {
                  preview(services, request, response, reader);
              });
}

}  // namespace acuity::server
