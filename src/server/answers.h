// What handlers share: answers as JSON, errors as sentences, bodies within bounds.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace acuity::server {

using nlohmann::json;

/// An error with its HTTP status. Other errors get one by their kind.
class HttpError : public std::runtime_error {
  public:
    HttpError(int status, const std::string& sentence)
        : std::runtime_error(sentence), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

/// Bodies of JSON are no larger.
constexpr std::size_t kMostJson = 64 << 10;

std::string dumped(const json& value);
void answer(httplib::Response& response, const json& value, int status = 200);
void answerError(httplib::Response& response, int status, const std::string& sentence,
                 const std::string& kind);
/// Turns what a handler threw into an answer.
void answerException(httplib::Response& response, std::exception_ptr thrown);

/// The JSON object in a request's body. Throws HttpError: 413 above 64 KiB, 415 for another content
/// type, 400 for anything but an object nested a few levels deep.
json objectIn(const httplib::Request& request, const httplib::ContentReader& reader);

/// Sends a file, or the one range of it that was asked for. `name`: what it is saved as; "" shows
/// it. Throws HttpError: 404, or 416 for a range that is not there.
void sendFile(const httplib::Request& request, httplib::Response& response, const std::string& path,
              const std::string& type, const std::string& name);

/// Content type of a picture format by its name.
std::string contentType(const std::string& format);

/// The message of an error about a file of the server's, which its owner knows as `name`.
std::string saidOf(const std::string& message, const std::string& path, const std::string& name);

/// A sentence without the remedies that only the command line has.
std::string forThePage(const std::string& sentence);
std::vector<std::string> forThePage(std::vector<std::string> sentences);

}  // namespace acuity::server
