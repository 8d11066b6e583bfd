#pragma once
// A wire between a client and a server, which does with what goes over it as a test asks: slows it
// down, or breaks. It has one connection at a time, and a thread of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <casement/core/assert.hpp>

namespace casement::testing {

class wire {
public:
    enum class side : std::uint8_t { client, server };
    /// Sees each piece, by where it comes from, before it is passed on. False: it breaks there.
    using watcher = std::function<bool(side from, std::size_t bytes)>;

    /// REQUIRES: `server` is "127.0.0.1:port"
    wire(const std::string& server, watcher watch, std::size_t piece_bytes_max = 1 << 16)
        : server_{at(static_cast<std::uint16_t>(std::stoi(server.substr(server.find(':') + 1))))},
          listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)},
          watch_{std::move(watch)},
          piece_(piece_bytes_max, '\0') {
        auto here = at(0);
        socklen_t size = sizeof here;
        auto* address = reinterpret_cast<sockaddr*>(&here);
        require(::bind(listening_, address, size) == 0 && ::listen(listening_, 16) == 0 &&
                    ::getsockname(listening_, address, &size) == 0,
                "it listens");
        endpoint_ = "127.0.0.1:" + std::to_string(ntohs(here.sin_port));
        thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
    }
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;
    ~wire() {
        thread_.request_stop();
        thread_.join();
        ::close(listening_);
    }

    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

private:
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
    void pass_on(int client, int server, const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            for (const auto& [from, to] : {std::pair{client, server}, std::pair{server, client}}) {
                if (!readable(from, 1)) continue;
                const auto n = ::recv(from, piece_.data(), piece_.size(), 0);
                if (n <= 0) return;
                const auto bytes = static_cast<std::size_t>(n);
                if (!watch_(from == client ? side::client : side::server, bytes)) return;
                if (::send(to, piece_.data(), bytes, MSG_NOSIGNAL) != n) return;
            }
        }
    }

    const sockaddr_in server_;
    const int listening_;
    const watcher watch_;
    std::string piece_, endpoint_;
    std::jthread thread_;
};

/// What the server answers comes slowly.
class slow_wire : public wire {
public:
    static constexpr std::int64_t bytes_per_s = 2 << 20;

    explicit slow_wire(const std::string& server)
        : wire{server, wait, static_cast<std::size_t>(bytes_per_s / pieces_per_s)} {}

private:
    static constexpr std::int64_t pieces_per_s = 128;

    static bool wait(side from, std::size_t bytes) {
        if (from == side::server)
            std::this_thread::sleep_for(std::chrono::microseconds{1'000'000} *
                                        static_cast<std::int64_t>(bytes) / bytes_per_s);
        return true;
    }
};

/// It can be told to eat the next reply: the request arrives, and the connection breaks before its
/// reply does.
class reply_eater {
public:
    explicit reply_eater(const std::string& server)
        : wire_{server, [this](wire::side from, std::size_t n) { return passes(from, n); }} {}

    [[nodiscard]] const std::string& endpoint() const { return wire_.endpoint(); }
    /// Of the next that is large enough to be a request.
    void eat_next() { hungry_ = true; }
    [[nodiscard]] int eaten() const { return eaten_; }

private:
    static constexpr std::size_t request_bytes_min = 60;  // more than HTTP/2 says between requests

    bool passes(wire::side from, std::size_t bytes) {
        if (bytes <= request_bytes_min) return true;
        if (from == wire::side::client && hungry_.exchange(false)) eats_ = true;
        if (from == wire::side::client || !std::exchange(eats_, false)) return true;
        ++eaten_;
        return false;
    }

    std::atomic<bool> hungry_ = false;
    std::atomic<int> eaten_ = 0;
    bool eats_ = false;
    wire wire_;
};

}  // namespace casement::testing
