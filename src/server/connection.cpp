#include "server/connection.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace acuity::server {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostHead = 64 << 10;  // bytes of request line and headers together
constexpr auto kHeadTime = 10s;              // for all of them
constexpr auto kIdle = 15s;                  // between requests
constexpr auto kStall = 15s;                 // without a byte taken or given
constexpr auto kGrace = 30s;                 // from then on a body must move at this pace:
constexpr double kLeastPace = 4096;          // bytes a second

std::string address(const sockaddr_storage& from, int& port) {
    char text[INET6_ADDRSTRLEN] = "";
    if (from.ss_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
        inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
        port = ntohs(six.sin6_port);
    } else {
        const auto& four = reinterpret_cast<const sockaddr_in&>(from);
        inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
        port = ntohs(four.sin_port);
    }
    return text;
}

}  // namespace

Connection::Connection(int socket, const std::atomic<bool>& stopping)
    : socket_(socket), stopping_(stopping), buffer_(16 << 10), began_(Clock::now()) {}

Connection::~Connection() {
    close(socket_);
}

bool Connection::wait(short what, std::chrono::milliseconds longest) const {
    const auto until = Clock::now() + longest;
    while (!stopping_) {
        pollfd one{socket_, what, 0};
        const int ready = poll(&one, 1, 200);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
        if (Clock::now() >= until) return false;
    }
    return false;
}

bool Connection::nextRequest() {
    head_ = true;
    received_ = sent_ = 0;
    const bool more = begin_ < end_ || wait(POLLIN, kIdle);
    began_ = Clock::now();
    return more;
}

void Connection::beginBody() {
    head_ = false;
    received_ = 0;
    began_ = Clock::now();
}

bool Connection::tooSlow(std::size_t bytes) const {
    const auto taken = Clock::now() - began_;
    if (head_) return taken > kHeadTime;
    const double seconds = std::chrono::duration<double>(taken - kGrace).count();
    return seconds > 0 && double(bytes) < kLeastPace * seconds;
}

bool Connection::is_readable() const {
    return begin_ < end_ || wait(POLLIN, head_ ? kHeadTime : kStall);
}

bool Connection::is_writable() const {
    return wait(POLLOUT, kStall);
}

ssize_t Connection::read(char* to, size_t size) {
    if (begin_ == end_) {
        if (tooSlow(received_) || !is_readable()) return -1;
        const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
        if (got <= 0) return got;
        begin_ = 0;
        end_ = std::size_t(got);
    }
    const std::size_t count = std::min(size, end_ - begin_);
    std::memcpy(to, buffer_.data() + begin_, count);
    begin_ += count;
    received_ += count;
    return head_ && received_ > kMostHead ? -1 : ssize_t(count);
}

ssize_t Connection::write(const char* from, size_t size) {
    if (sent_ == 0) began_ = Clock::now();
    head_ = false;
    if (tooSlow(sent_) || !is_writable()) return -1;
    const ssize_t count = send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    sent_ += std::size_t(count);
    return count;
}

void Connection::finish() {
    shutdown(socket_, SHUT_WR);
    const auto until = Clock::now() + 1s;
    std::size_t dropped = 0;
    while (dropped < (4u << 20) && Clock::now() < until && wait(POLLIN, 300ms)) {
        const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (got <= 0) break;
        dropped += std::size_t(got);
    }
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    if (getpeername(socket_, reinterpret_cast<sockaddr*>(&from), &size) == 0)
        ip = address(from, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    if (getsockname(socket_, reinterpret_cast<sockaddr*>(&from), &size) == 0)
        ip = address(from, port);
}

}  // namespace acuity::server
