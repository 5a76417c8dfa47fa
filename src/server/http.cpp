#include "server/http.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vips/vips.h>

#include <cstring>
#include <thread>

#include "base/files.h"
#include "server/connection.h"

namespace acuity::server {

namespace {

constexpr int kMostConnections = 160;

thread_local bool closeAfter = false;
thread_local int answering = -1;  // socket

const char kBusy[] =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 2\r\n"
    "Content-Type: application/json\r\nContent-Length: 70\r\n\r\n"
    "{\"error\":\"too many connections; come again in a moment\",\"kind\":\"busy\"}";
static_assert(
    sizeof "{\"error\":\"too many connections; come again in a moment\",\"kind\":\"busy\"}" ==
    70 + 1);

int bindTo(const std::string& host, int port) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        throw Error(Kind::usage, "--host: " + inQuotes(host) + " is no address of this machine");
    int listener = -1, why = 0;
    for (addrinfo* one = found; one && listener < 0; one = one->ai_next) {
        listener = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0) continue;
        const int yes = 1;
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(listener, one->ai_addr, one->ai_addrlen) == 0 && listen(listener, 128) == 0)
            continue;
        why = errno;
        close(listener);
        listener = -1;
    }
    freeaddrinfo(found);
    if (listener < 0)
        throw Error(Kind::usage, "cannot listen at " + host + ", port " + std::to_string(port) +
                                     " (" + std::strerror(why) +
                                     "); choose another one with --port");
    return listener;
}

int portOf(int listener) {
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(at).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(at).sin_port);
}

/// Where the library is wrong about a request.
void corrected(httplib::Request& request) {
    // It would send what lies beyond the end of a body: sendFile() looks at ranges itself.
    request.ranges.clear();
    // It would wait for a body that RFC 9112 says is not there; an upload must have one.
    if (request.path != "/api/pictures" && !request.has_header("Content-Length") &&
        !request.has_header("Transfer-Encoding"))
        request.set_header("Content-Length", "0");
}

}  // namespace

HttpServer::HttpServer(const std::string& host, int port)
    : listener_(bindTo(host, port)), port_(portOf(listener_)) {
    svr_sock_ = listener_;  // by which the library knows that it is not shutting down
}

HttpServer::~HttpServer() {
    svr_sock_ = INVALID_SOCKET;
    close(listener_);
}

void HttpServer::closeAfterThis() {
    closeAfter = true;
}

std::function<bool()> HttpServer::clientGone() {
    return [socket = answering] {
        pollfd one{socket, POLLRDHUP, 0};
        return poll(&one, 1, 0) > 0;
    };
}

void HttpServer::serve(const Cancel& cancel, const std::function<void()>& ending) {
    while (!cancel.requested()) {
        pollfd one{listener_, POLLIN, 0};
        if (poll(&one, 1, 100) > 0) accept();
    }
    stopping_ = true;
    svr_sock_ = INVALID_SOCKET;
    ending();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return open_ == 0; });
}

void HttpServer::accept() {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
        // Out of descriptors, perhaps: those in use will be closed.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return;
    }
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    std::lock_guard guard(mutex_);
    if (open_ < kMostConnections) {
        begin(socket);
        return;
    }
    // Nobody waits for this client: the answer fits into the socket's buffer or is lost.
    (void)send(socket, kBusy, sizeof kBusy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(socket, SHUT_WR);
    close(socket);
}

void HttpServer::begin(int socket) {
    try {
        std::thread([this, socket] { answer(socket); }).detach();
        open_++;
    } catch (const std::system_error&) {
        close(socket);
    }
}

void HttpServer::answer(int socket) {
    {
        answering = socket;
        Connection connection(socket, stopping_);
        bool closed = false;
        while (!closed && !stopping_ && connection.nextRequest()) {
            closeAfter = false;
            const bool answered =
                process_request(connection, false, closed, [&](httplib::Request& request) {
                    connection.beginBody();
                    corrected(request);
                });
            if (!answered || closeAfter) break;
        }
        connection.finish();
    }
    vips_thread_shutdown();
    std::lock_guard guard(mutex_);
    open_--;
    ended_.notify_all();
}

}  // namespace acuity::server
