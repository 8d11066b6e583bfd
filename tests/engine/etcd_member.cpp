#include "engine/etcd_member.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include <casement/core/assert.hpp>

extern "C" char** environ;

namespace casement::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds served_within{20'000};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

/// Ports that nobody has, all different: each is held until all are known. They lie below those
/// that the system gives to whoever connects, which would take them before etcd does.
std::vector<std::uint16_t> free_ports(std::size_t n) {
    constexpr std::uint16_t first = 15'000, last = 32'000;
    std::uniform_int_distribution<std::uint16_t> any{first, last};
    std::random_device chance;
    std::vector<int> held;
    std::vector<std::uint16_t> out;
    for (int tries = 0; out.size() < n; ++tries) {
        require(tries < 1000, "a free port");
        const auto port = any(chance);
        const auto at = loopback(port);
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        held.push_back(socket);
        if (::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0)
            out.push_back(port);
    }
    for (const int socket : held) ::close(socket);
    return out;
}

std::string url(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

/// What a server answers to a request, or "" if it does not.
std::string told_by(std::uint16_t port, const std::string& request) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{5, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto at = loopback(port);
    std::string answer;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
        ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size())) {
        std::array<char, 4096> some;
        for (ssize_t n = 0; (n = ::recv(socket, some.data(), some.size(), 0)) > 0;)
            answer.append(some.data(), static_cast<std::size_t>(n));
    }
    ::close(socket);
    return answer;
}

}  // namespace

bool etcd_is_installed() { return ::access("/usr/bin/etcd", X_OK) == 0; }

etcd_cluster::etcd_cluster(int members, tls files, std::vector<std::string> more)
    : tls_{std::move(files)}, more_{std::move(more)} {
    const auto ports = free_ports(2 * static_cast<std::size_t>(members));
    for (std::size_t i = 0; i < static_cast<std::size_t>(members); ++i) {
        members_.push_back({-1, ports[2 * i], ports[2 * i + 1]});
        endpoints_.push_back("127.0.0.1:" + std::to_string(ports[2 * i]));
        all_ +=
            (i > 0 ? "," : "") + std::string{"m"} + std::to_string(i) + "=" + url(ports[2 * i + 1]);
    }
    for (int i = 0; i < members; ++i) start(i);
    for (int i = 0; i < members; ++i) wait_until_served(i);
}

etcd_cluster::~etcd_cluster() {
    for (std::size_t i = 0; i < members_.size(); ++i)
        if (members_[i].process > 0) kill(static_cast<int>(i));
}

// `setpriv` lets it die with us, however we die.
void etcd_cluster::start(int which) {
    auto& m = members_[static_cast<std::size_t>(which)];
    const auto name = "m" + std::to_string(which);
    const auto peer = url(m.peer_port);
    auto client = url(m.client_port);
    if (!tls_.key.empty()) client.insert(4, "s");
    std::vector<std::string> words{"setpriv", "--pdeathsig", "KILL", "etcd"};
    const auto say = [&](const char* flag, const std::string& value) {
        words.insert(words.end(), {flag, value});
    };
    say("--name", name);
    say("--data-dir", data_ / name);
    say("--listen-client-urls", client);
    say("--advertise-client-urls", client);
    say("--listen-peer-urls", peer);
    say("--initial-advertise-peer-urls", peer);
    say("--initial-cluster", all_);
    say("--logger", "zap");
    say("--log-outputs", data_ / (name + ".log"));
    // A member of a cluster on a busy machine must not be taken for dead too soon.
    say("--heartbeat-interval", members_.size() == 1 ? "10" : "50");
    say("--election-timeout", members_.size() == 1 ? "100" : "500");
    if (!tls_.key.empty()) {
        say("--cert-file", tls_.certificate);
        say("--key-file", tls_.key);
        say("--trusted-ca-file", tls_.certificate);
        words.emplace_back("--client-cert-auth");
    }
    words.insert(words.end(), more_.begin(), more_.end());
    std::vector<char*> arguments;
    for (auto& w : words) arguments.push_back(w.data());
    arguments.push_back(nullptr);
    require(::posix_spawnp(&m.process, "setpriv", nullptr, nullptr, arguments.data(), environ) == 0,
            "etcd is started");
}

void etcd_cluster::kill(int which) {
    auto& m = members_[static_cast<std::size_t>(which)];
    ::kill(m.process, SIGKILL);
    ::waitpid(m.process, nullptr, 0);
    m.process = -1;
}

void etcd_cluster::pause(int which) {
    const auto process = members_[static_cast<std::size_t>(which)].process;
    ::kill(process, SIGSTOP);
    ::waitpid(process, nullptr, WUNTRACED);  // until it does stand still
}
void etcd_cluster::go_on(int which) {
    ::kill(members_[static_cast<std::size_t>(which)].process, SIGCONT);
}

void etcd_cluster::wait_until_served(int which) const {
    const auto end = steady_clock::now() + served_within;
    if (!tls_.key.empty()) return;  // who opens a store waits
    while (ask(which, "/v3/kv/range", R"({"key":"AA=="})").find("revision") == std::string::npos) {
        require(steady_clock::now() < end, "the member serves in time");
        std::this_thread::sleep_for(milliseconds{20});
    }
}

std::string etcd_cluster::ask(int which, std::string_view path, std::string_view json) const {
    const auto& m = members_[static_cast<std::size_t>(which)];
    const auto answer =
        told_by(m.client_port, "POST " + std::string{path} + " HTTP/1.0\r\nContent-Length: " +
                                   std::to_string(json.size()) + "\r\n\r\n" + std::string{json});
    const auto body = answer.find("\r\n\r\n");
    return body == std::string::npos ? std::string{} : answer.substr(body + 4);
}

std::int64_t etcd_cluster::revision() const {
    const auto answer = ask(0, "/v3/kv/range", R"({"key":"AA=="})");
    constexpr std::string_view before = "\"revision\":\"";
    const auto at = answer.find(before);
    require(at != std::string::npos, "the cluster answers");
    return std::atoll(answer.c_str() + at + before.size());
}

void etcd_cluster::compact(std::int64_t revision) const {
    const auto answer = ask(0, "/v3/kv/compaction",
                            R"({"physical":true,"revision":")" + std::to_string(revision) + "\"}");
    require(answer.find("header") != std::string::npos, "the cluster compacts");
}

}  // namespace casement::testing
