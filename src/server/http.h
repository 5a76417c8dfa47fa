// The HTTP server: cpp-httplib parses and routes, the connections are our own, so that the number
// of them, their heads and their pace are bounded.
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/cancel.h"

namespace acuity::server {

class HttpServer : public httplib::Server {
  public:
    /// Binds at once. `port` 0 takes a free one. Throws Error(usage).
    HttpServer(const std::string& host, int port);
    ~HttpServer() override;

    int port() const { return port_; }
    /// Answers until `cancel` is requested; then waits for connections to end. `ending` is called
    /// in between, to wake those that wait.
    void serve(const Cancel& cancel, const std::function<void()>& ending);
    bool stopping() const { return stopping_; }

    /// The connection that the calling thread answers ends after this request: its body may not
    /// have been read.
    static void closeAfterThis();
    /// Tells any thread whether the client of the request that this thread answers has closed its
    /// end of the connection. For as long as the request is answered.
    static std::function<bool()> clientGone();

  private:
    void accept();
    void answer(int socket);
    void begin(int socket);

    int listener_ = -1, port_ = 0;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable ended_;
    int open_ = 0;
};

}  // namespace acuity::server
