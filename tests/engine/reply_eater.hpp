#pragma once
// A server between a client and another server, which passes everything on, until it is told to eat
// the next reply: then the request arrives, and the connection breaks before its reply does. It
// serves one connection at a time, in a thread of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include <casement/core/assert.hpp>

namespace casement::testing {

class reply_eater {
public:
    /// REQUIRES: `server` is "127.0.0.1:port"
    explicit reply_eater(const std::string& server)
        : server_{at(static_cast<std::uint16_t>(std::stoi(server.substr(server.find(':') + 1))))},
          listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        auto here = at(0);
        socklen_t size = sizeof here;
        auto* address = reinterpret_cast<sockaddr*>(&here);
        require(::bind(listening_, address, size) == 0 && ::listen(listening_, 16) == 0 &&
                    ::getsockname(listening_, address, &size) == 0,
                "it listens");
        endpoint_ = "127.0.0.1:" + std::to_string(ntohs(here.sin_port));
        thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
    }
    reply_eater(const reply_eater&) = delete;
    reply_eater& operator=(const reply_eater&) = delete;
    ~reply_eater() {
        thread_.request_stop();
        thread_.join();
        ::close(listening_);
    }

    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
    /// Of the next that is large enough to be a request.
    void eat_next() { hungry_ = true; }
    [[nodiscard]] int eaten() const { return eaten_; }

private:
    static constexpr int poll_ms = 5;
    static constexpr ssize_t request_bytes_min = 60;  // more than HTTP/2 says between requests

    static sockaddr_in at(std::uint16_t port) {
        sockaddr_in out{};
        out.sin_family = AF_INET;
        out.sin_port = htons(port);
        out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return out;
    }
    static bool readable(int socket) {
        pollfd p{socket, POLLIN, 0};
        return ::poll(&p, 1, poll_ms) > 0;
    }

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!readable(listening_)) continue;
            const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
            const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (::connect(server, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) == 0)
                pass_on(client, server, stop);
            ::close(client);
            ::close(server);
        }
    }

    void pass_on(int client, int server, const std::stop_token& stop) {
        bool eats = false;
        std::array<char, 65536> some;
        while (!stop.stop_requested()) {
            for (const auto& [from, to] : {std::pair{client, server}, std::pair{server, client}}) {
                if (!readable(from)) continue;
                const auto n = ::recv(from, some.data(), some.size(), 0);
                if (n <= 0) return;
                if (from == client && n > request_bytes_min) eats = hungry_.exchange(false) || eats;
                if (from == server && eats && n > request_bytes_min) {
                    ++eaten_;
                    return;
                }
                if (::send(to, some.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) return;
            }
        }
    }

    const sockaddr_in server_;
    const int listening_;
    std::string endpoint_;
    std::atomic<bool> hungry_ = false;
    std::atomic<int> eaten_ = 0;
    std::jthread thread_;
};

}  // namespace casement::testing
