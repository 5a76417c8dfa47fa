#include "server/guard.h"

#include <openssl/crypto.h>

#include "server/answers.h"

namespace acuity::server {

namespace {

const char kCookie[] = "acuity=";

/// Compares in a time that tells nothing of where they differ.
bool same(const std::string& one, const std::string& other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string cookie(const std::string& header) {
    for (std::size_t from = 0; from < header.size();) {
        const std::size_t begin = header.find_first_not_of(" ;", from);
        if (begin == std::string::npos) break;
        const std::size_t end = std::min(header.find(';', begin), header.size());
        const std::string part = header.substr(begin, end - begin);
        if (part.rfind(kCookie, 0) == 0) return part.substr(sizeof kCookie - 1);
        from = end;
    }
    return "";
}

}  // namespace

Guard::Guard(const std::string& host, int port, const std::string& token)
    : host_(host), port_(std::to_string(port)), token_(token) {}

bool Guard::isLoopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

/// A page from elsewhere whose name was made to point here comes with its own name.
bool Guard::knowsHost(const std::string& host) const {
    for (const std::string& name : {std::string("127.0.0.1"), std::string("localhost"),
                                    std::string("[::1]"), host_, "[" + host_ + "]"})
        if (host == name + ":" + port_ || (port_ == "80" && host == name)) return true;
    // Bound to all addresses it cannot know its names: there the token protects it.
    return !token_.empty() && !isLoopback(host_);
}

bool Guard::knowsToken(const httplib::Request& request) const {
    const std::string given = request.get_header_value("Authorization");
    return same(given, "Bearer " + token_) ||
           same(cookie(request.get_header_value("Cookie")), token_);
}

bool Guard::refuses(const httplib::Request& request, httplib::Response& response) const {
    const std::string host = request.get_header_value("Host");
    if (request.get_header_value_count("Host") != 1 || !knowsHost(host)) {
        answerError(response, 403, "this server does not go by that name", "host");
        return true;
    }
    const std::string site = request.get_header_value("Sec-Fetch-Site");
    const bool elsewhere =
        (request.has_header("Origin") && request.get_header_value("Origin") != "http://" + host) ||
        ((site == "cross-site" || site == "same-site") &&
         request.get_header_value("Sec-Fetch-Mode") != "navigate");
    const bool changes = request.method != "GET" && request.method != "HEAD";
    if (elsewhere || (changes && site == "cross-site")) {
        answerError(response, 403, "pages from elsewhere may not ask this server", "origin");
        return true;
    }
    if (token_.empty()) return false;
    if (request.path == "/" && same(request.get_param_value("token"), token_)) {
        response.set_header("Set-Cookie",
                            std::string(kCookie) + token_ + "; HttpOnly; SameSite=Strict; Path=/");
        response.set_redirect("/", 303);
        return true;
    }
    if (knowsToken(request)) return false;
    answerError(response, 401,
                "this server wants its token: open the address that it printed when it started",
                "token");
    return true;
}

httplib::Headers securityHeaders() {
    return {{"Content-Security-Policy",
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
             "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
            {"X-Content-Type-Options", "nosniff"},
            {"X-Frame-Options", "DENY"},
            {"Referrer-Policy", "no-referrer"},
            {"Cross-Origin-Resource-Policy", "same-origin"},
            {"Cross-Origin-Opener-Policy", "same-origin"}};
}

}  // namespace acuity::server
