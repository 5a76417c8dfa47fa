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

/// As RFC 6266 wants it: any name, percent-encoded; and in ASCII for those who know no other.
std::string disposition(const std::string& name) {
    std::string encoded, plain;
    for (const unsigned char c : name) {
        const bool same = c < 128 && (std::isalnum(c) || c == '.' || c == '-' || c == '_');
        encoded += same ? std::string(1, char(c)) : fmt::format("%{:02X}", c);
        plain += same ? char(c) : '_';
    }
    return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + encoded;
}

struct Part {
    std::uint64_t first = 0, length = 0;
};

/// "bytes=0-99", "bytes=100-" or "bytes=-50" of so many bytes. Nothing where all are wanted, or
/// several parts, or it is not understood: then all are sent, as RFC 9110 allows. Throws
/// HttpError(416) where there is no such part.
std::optional<Part> partIn(const std::string& header, std::uint64_t size) {
    std::uint64_t ends[2] = {};
    bool said[2] = {};
    if (header.rfind("bytes=", 0) != 0) return std::nullopt;
    int end = 0;
    for (const char c : header.substr(6)) {
        if (c == '-' && end == 0) {
            end = 1;
            continue;
        }
        if (c < '0' || c > '9' || ends[end] > (1ull << 60)) return std::nullopt;
        ends[end] = 10 * ends[end] + std::uint64_t(c - '0');
        said[end] = true;
    }
    if (end == 0 || (!said[0] && !said[1]) || (said[0] && said[1] && ends[1] < ends[0]))
        return std::nullopt;
    const std::uint64_t first = said[0] ? ends[0] : size - std::min(size, ends[1]);
    const std::uint64_t last = said[0] && said[1] ? std::min(ends[1], size - 1) : size - 1;
    if (first >= size) throw HttpError(416, "the file has no such range");
    return Part{first, last - first + 1};
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
        answerError(response, statusOf(error.kind()), forThePage(std::string(error.what())),
                    nameOf(error.kind()));
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

void sendFile(const httplib::Request& request, httplib::Response& response, const std::string& path,
              const std::string& type, const std::string& name) {
    const auto file =
        std::shared_ptr<int>(new int(open(path.c_str(), O_RDONLY | O_CLOEXEC)), [](int* handle) {
            if (*handle >= 0) close(*handle);
            delete handle;
        });
    struct stat facts {};
    if (*file < 0 || fstat(*file, &facts) != 0) throw HttpError(404, "that file is gone");
    if (!name.empty()) response.set_header("Content-Disposition", disposition(name));
    response.set_header("Accept-Ranges", "bytes");
    const auto size = std::uint64_t(facts.st_size);
    Part part{0, size};
    if (const auto asked = partIn(request.get_header_value("Range"), size)) {
        part = *asked;
        response.status = 206;
        response.set_header("Content-Range", fmt::format("bytes {}-{}/{}", part.first,
                                                         part.first + part.length - 1, size));
    }
    response.set_content_provider(
        part.length, type,
        [file, part](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            char buffer[64 << 10];
            const ssize_t got =
                pread(*file, buffer, std::min(length, sizeof buffer), off_t(part.first + offset));
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

std::string forThePage(const std::string& sentence) {
    std::string said;
    for (std::size_t at = 0; at < sentence.size();) {
        const std::size_t end = std::min(sentence.find("; ", at), sentence.size());
        const std::string part = sentence.substr(at, end - at);
        if (at == 0)
            said = part;
        else if (part.find("--") == std::string::npos)
            said += "; " + part;
        at = end + 2;
    }
    for (std::size_t at = 0; (at = said.find("--")) != std::string::npos;) said.erase(at, 2);
    return said;
}

std::vector<std::string> forThePage(std::vector<std::string> sentences) {
    for (std::string& sentence : sentences) sentence = forThePage(sentence);
    return sentences;
}

}  // namespace acuity::server
