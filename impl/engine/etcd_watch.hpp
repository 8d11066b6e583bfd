#pragma once
// The watch over a store's prefix, in a thread of its own: it tells the remembered rows of every
// change, and makes them forget when it loses sight of one: at a compaction, a lost connection, or
// whatever else ends it. Then it begins anew.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "etcd_link.hpp"
#include "remembered_rows.hpp"

namespace casement::engine {

class etcd_watch {
public:
    /// REQUIRES: `link` and `rows` outlive it
    etcd_watch(etcd_link& link, remembered_rows& rows, std::string prefix);
    etcd_watch(const etcd_watch&) = delete;
    etcd_watch& operator=(const etcd_watch&) = delete;
    ~etcd_watch();

    /// It has not shown what it should have: what it has shown counts no more.
    void begin_anew();

    [[nodiscard]] std::uint64_t begun() const { return begun_; }

private:
    void run();
    void follow();
    [[nodiscard]] bool hear(const etcdserverpb::WatchResponse& news);

    etcd_link& link_;
    remembered_rows& rows_;
    const std::string prefix_;
    std::atomic<std::uint64_t> begun_ = 0;
    std::mutex mutex_;
    std::condition_variable stopped_;
    std::stop_source stop_;
    grpc::ClientContext* following_ = nullptr;  // to be cancelled
    std::thread thread_;
};

}  // namespace casement::engine
