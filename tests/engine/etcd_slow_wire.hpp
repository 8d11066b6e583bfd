#pragma once
// A server between a client and another server, which passes on what the other answers, but slowly.
// It serves one connection at a time, in a thread of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <casement/core/assert.hpp>

namespace casement::testing {

class slow_wire {
public:
    static constexpr std::int64_t bytes_per_s = 2 << 20;

    /// REQUIRES: `server` is "127.0.0.1:port"
    explicit slow_wire(const std::string& server)
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
    slow_wire(const slow_wire&) = delete;
    slow_wire& operator=(const slow_wire&) = delete;
    ~slow_wire() {
        thread_.request_stop();
        thread_.join();
        ::close(listening_);
    }

    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

private:
    static constexpr std::int64_t pieces_per_s = 128;

    static sockaddr_in at(std::uint16_t port) {
        sockaddr_in out{};
        out.sin_family = AF_INET;
        out.sin_port = htons(port);
        out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return out;
    }
    static bool readable(int socket, int poll_ms) {
        pollfd p{socket, POLLIN, 0};
        return ::poll(&p, 1, poll_ms) > 0;
    }

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!readable(listening_, 5)) continue;
            const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
            const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            // So that little is on its way of an answer that nobody waits for any more.
            const int little = 1 << 16;
            ::setsockopt(server, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
            if (::connect(server, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) == 0)
                pass_on(client, server, stop);
            ::close(client);
            ::close(server);
        }
    }

    static void pass_on(int client, int server, const std::stop_token& stop) {
        std::array<char, bytes_per_s / pieces_per_s> piece;
        while (!stop.stop_requested()) {
            for (const auto& [from, to] : {std::pair{client, server}, std::pair{server, client}}) {
                if (!readable(from, 1)) continue;
                const auto n = ::recv(from, piece.data(), piece.size(), 0);
                if (n <= 0 ||
                    ::send(to, piece.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n)
                    return;
                if (from == server)
                    std::this_thread::sleep_for(std::chrono::microseconds{1'000'000} * n /
                                                bytes_per_s);
            }
        }
    }

    const sockaddr_in server_;
    const int listening_;
    std::string endpoint_;
    std::jthread thread_;
};

}  // namespace casement::testing
