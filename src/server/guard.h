// Who may ask: only this machine's own pages and programs, or those that know the token.
#pragma once

#include <httplib.h>

#include <string>

namespace acuity::server {

class Guard {
  public:
    /// `token` "" where none is needed.
    Guard(const std::string& host, int port, const std::string& token);

    /// Answers and gives true when the request is refused, or is done with.
    bool refuses(const httplib::Request& request, httplib::Response& response) const;

    /// Whether an address is this machine only.
    static bool isLoopback(const std::string& host);

  private:
    bool knowsHost(const std::string& host) const;
    bool knowsToken(const httplib::Request& request) const;

    const std::string host_, port_, token_;
};

/// Sent with every answer: nothing from elsewhere is loaded, framed or guessed.
httplib::Headers securityHeaders();

}  // namespace acuity::server
