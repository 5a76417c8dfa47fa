#include "server/answers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "server/http.h"

namespace acuity::server {

namespace {

constexpr std::size_t kMostJson = 64 << 10;
constexpr int kDeepest = 6;

int statusOf(Kind kind) {
    switch (kind) {
        case Kind::usage:
        case Kind::input:
        case Kind::model:
            return 422;
        case Kind::output:
            return 507;
        case Kind::cancelled:
            return 409;
        default:
            return 500;
    }
}

const char* nameOf(Kind kind) {
    switch (kind) {
        case Kind::usage:
            return "usage";
        case Kind::input:
            return "input";
        case Kind::output:
            return "output";
        case Kind::model:
            return "model";
        case Kind::engine:
            return "engine";
        case Kind::cancelled:
            return "cancelled";
        case Kind::internal:
            break;
    }
    return "internal";
}

/// As RFC 6266 wants it: any name, percent-encoded.
std::string disposition(const std::string& name) {
    std::string encoded;
    for (const unsigned char c : name)
        encoded += std::isalnum(c) || c == '.' || c == '-' || c == '_' ? std::string(1, char(c))
                                                                       : fmt::format("%{:02X}", c);
    return "attachment; filename*=UTF-8''" + encoded;
}

json parsed(const std::string& body) {
    const auto shallow = [](int depth, json::parse_event_t, json&) {
        if (depth > kDeepest) throw HttpError(400, "the JSON is nested too deeply");
        return true;
    };
    try {
        return json::parse(body.empty() ? "{}" : body, shallow);
    } catch (const json::exception&) {
        throw HttpError(400, "the body is no valid JSON");
    }
}

}  // namespace

std::string dumped(const json& value) {
    return jsonText(value);
}

void answer(httplib::Response& response, const json& value, int status) {
    response.status = status;
    response.set_content(dumped(value), "application/json");
}

void answerError(httplib::Response& response, int status, const std::string& sentence,
                 const std::string& kind) {
    answer(response, {{"error", sentence}, {"kind", kind}}, status);
    if (status == 503 || status == 429) response.set_header("Retry-After", "2");
    HttpServer::closeAfterThis();
}

void answerException(httplib::Response& response, std::exception_ptr thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const HttpError& error) {
        answerError(response, error.status(), error.what(), "request");
    } catch (const Error& error) {
        answerError(response, statusOf(error.kind()), error.what(), nameOf(error.kind()));
    } catch (const std::bad_alloc&) {
        answerError(response, 503, "not enough memory at the moment", "internal");
    } catch (const std::exception& error) {
        answerError(response, 500, error.what(), "internal");
    }
}

json objectIn(const httplib::Request& request, const httplib::ContentReader& reader) {
    const std::string type = request.get_header_value("Content-Type");
    if (type.rfind("application/json", 0) != 0)
        throw HttpError(415, "the body must be application/json");
    std::string body;
    bool large = request.get_header_value<std::uint64_t>("Content-Length") > kMostJson;
    if (!large)
        reader([&](const char* bytes, std::size_t count) {
            large = body.size() + count > kMostJson;
            if (!large) body.append(bytes, count);
            return !large;
        });
    if (large) throw HttpError(413, "the body is larger than 64 KiB");
    json value = parsed(body);
    if (!value.is_object()) throw HttpError(400, "the body must be a JSON object");
    return value;
}

void sendFile(httplib::Response& response, const std::string& path, const std::string& type,
              const std::string& name) {
    const auto file =
        std::shared_ptr<int>(new int(open(path.c_str(), O_RDONLY | O_CLOEXEC)), [](int* handle) {
            if (*handle >= 0) close(*handle);
            delete handle;
        });
    struct stat facts {};
    if (*file < 0 || fstat(*file, &facts) != 0) throw HttpError(404, "that file is gone");
    if (!name.empty()) response.set_header("Content-Disposition", disposition(name));
    response.set_header("Accept-Ranges", "bytes");
    response.set_content_provider(
        std::size_t(facts.st_size), type,
        [file](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            char buffer[64 << 10];
            const ssize_t got =
                pread(*file, buffer, std::min(length, sizeof buffer), off_t(offset));
            return got > 0 && sink.write(buffer, std::size_t(got));
        });
}

std::string contentType(const std::string& format) {
    if (format == "jpg") return "image/jpeg";
    if (format == "ppm") return "image/x-portable-anymap";
    if (format == "exr") return "image/x-exr";
    return "image/" + format;
}

std::string saidOf(const std::string& message, const std::string& path, const std::string& name) {
    std::string said = message;
    const std::string from = inQuotes(path), to = inQuotes(name);
    for (std::size_t at = 0; (at = said.find(from, at)) != std::string::npos; at += to.size())
        said.replace(at, from.size(), to);
    return said;
}

}  // namespace acuity::server
