#pragma once
// A cluster of etcd for a test: members on free ports of the loopback, with their data in a
// directory of the test's own, gone when the test is, also when that dies. One thread.

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary.hpp"

namespace casement::testing {

/// Whether there is an `etcd` to be started; tests skip where there is none, and say so.
[[nodiscard]] bool etcd_is_installed();
inline constexpr const char* no_etcd = "no etcd is installed";

class etcd_cluster {
public:
    /// Files: with them, its clients speak TLS and show a certificate that this one has signed.
    struct tls {
        std::string certificate{}, key{};
    };

    /// Starts as many members and waits until each serves. More words go to each.
    etcd_cluster(int members, tls files, std::vector<std::string> more = {});
    explicit etcd_cluster(int members = 1) : etcd_cluster{members, tls{}} {}
    etcd_cluster(const etcd_cluster&) = delete;
    etcd_cluster& operator=(const etcd_cluster&) = delete;
    ~etcd_cluster();

    /// "127.0.0.1:40001", of each member.
    [[nodiscard]] const std::vector<std::string>& endpoints() const { return endpoints_; }

    void kill(int member);
    void start(int member);
    /// Stands still, with its connections open, until it goes on.
    void pause(int member);
    void go_on(int member);
    void wait_until_served(int member) const;

    /// What etcd's own JSON gateway answers: the status line is left out.
    std::string ask(int member, std::string_view path, std::string_view json) const;
    /// The revision that the cluster is at.
    [[nodiscard]] std::int64_t revision() const;
    void compact(std::int64_t revision) const;

private:
    struct member {
        pid_t process = -1;
        std::uint16_t client_port, peer_port;
    };
    temporary_directory data_;
    tls tls_;
    std::vector<std::string> more_, endpoints_;
    std::vector<member> members_;
    std::string all_;  // as each member is told of
};

}  // namespace casement::testing
