// `acuity serve` for tests: started on a free port, asked over HTTP, killed when a test wants it.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "support.h"

namespace acuity::test {

using nlohmann::json;

class Server {
  public:
    /// Waits until it answers.
    explicit Server(const std::string& data, std::vector<std::string> more = {})
        : log_((fs::path(data).parent_path() / "serve.log").string()) {
        writeBytes(log_, "");
        std::vector<std::string> arguments = {"serve",        "--port", "0",
                                              "--no-browser", "--data", data};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Io io;
        io.outTo = log_;
        io.timeout = 300;
        io.env = {{"SOURCE_DATE_EPOCH", "1700000000"}};
        program_.emplace(arguments, io);
        for (int i = 0; i < 500 && !port_; i++) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            const std::string said = bytesOf(log_);
            const auto at = said.find("127.0.0.1:");
            if (at != std::string::npos && said.find('\n') != std::string::npos)
                port_ = std::stoi(said.substr(at + 10));
            if (!program_->running()) break;
        }
        if (!port_) throw std::runtime_error("the server does not start: " + stop().err);
    }

    int port() const { return port_; }
    httplib::Client client() const {
        httplib::Client client("127.0.0.1", port_);
        client.set_read_timeout(60);
        return client;
    }
    Result stop() {
        program_->signal(SIGTERM);
        return program_->finish();
    }
    Result kill() {
        program_->signal(SIGKILL);
        return program_->finish();
    }

    json get(const std::string& path, int status = 200) const {
        return checked(client().Get(path), status);
    }
    json post(const std::string& path, const json& body = json::object(), int status = 200) const {
        return checked(client().Post(path, body.dump(), "application/json"), status);
    }
    json upload(const std::string& name, const std::string& bytes, int status = 201) const {
        return checked(
            client().Post("/api/pictures?name=" + name, bytes, "application/octet-stream"), status);
    }
    std::string bytes(const std::string& path) const {
        const auto answer = client().Get(path);
        if (!answer || answer->status != 200)
            throw std::runtime_error(path + " is not there: " + (answer ? answer->body : ""));
        return answer->body;
    }
    /// The job once it has ended.
    json ended(const std::string& id, double seconds = 60) const {
        for (int i = 0; i < int(seconds * 20); i++) {
            const json job = get("/api/jobs/" + id);
            if (job["state"] != "queued" && job["state"] != "running") return job;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        throw std::runtime_error("the job does not end");
    }

    /// Sends bytes as they are, closes its side, and gives what comes back.
    std::string raw(const std::string& request) const;

  private:
    static json checked(const httplib::Result& answer, int status) {
        if (!answer) throw std::runtime_error("no answer: " + to_string(answer.error()));
        if (answer->status != status)
            throw std::runtime_error("status " + std::to_string(answer->status) + ": " +
                                     answer->body);
        return answer->body.empty() ? json() : json::parse(answer->body);
    }

    const std::string log_;
    std::optional<Program> program_;
    int port_ = 0;
};

}  // namespace acuity::test
