// One connection of a client that may be slow, endless or hostile: every phase of a request has its
// bounds.
#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <vector>

namespace acuity::server {

class Connection final : public httplib::Stream {
  public:
    /// Takes the socket, and closes it in the end. `stopping` ends all waiting.
    Connection(int socket, const std::atomic<bool>& stopping);
    ~Connection() override;

    /// Waits for the first byte of the next request. False when none comes.
    bool nextRequest();
    /// The head of the request is read: from here on its body may come.
    void beginBody();
    /// Ends what is sent and drops what still comes, so that the last answer reaches the client.
    void finish();

    bool is_readable() const override;
    bool is_writable() const override;
    ssize_t read(char* to, size_t size) override;
    ssize_t write(const char* from, size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    socket_t socket() const override { return socket_; }

  private:
    using Clock = std::chrono::steady_clock;

    bool wait(short what, std::chrono::milliseconds longest) const;
    bool tooSlow(std::size_t bytes) const;

    const int socket_;
    const std::atomic<bool>& stopping_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0;
    bool head_ = true;
    std::size_t received_ = 0, sent_ = 0;  // of this request
    Clock::time_point began_;
};

}  // namespace acuity::server
