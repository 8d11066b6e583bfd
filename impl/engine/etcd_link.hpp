#pragma once
// Calls to a cluster: which endpoint is asked, until when, as whom, and what a failure means. A
// read may be asked of one endpoint after another; a transaction is sent again only where it is
// certain that the last time changed nothing, or that it does nothing more. Any thread.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include <casement/core/error.hpp>
#include <casement/engine/etcd.hpp>

#include "etcd_rpc.grpc.pb.h"

namespace casement::engine {

/// What to make of a call's status.
enum class etcd_verdict : std::uint8_t {
    good,
    refused,    // nothing has changed: `errc` says why
    elsewhere,  // nothing has changed, and another endpoint may do it
    stale,      // nothing has changed: who we are must be said anew
    lost,       // nobody knows whether it was done
    compacted,  // of a read: history no longer goes back to that revision
    ahead,      // of a read: this member has not come to that revision
};

struct etcd_judgement {
    etcd_verdict verdict;
    errc code = errc::io;
};

/// REQUIRES: nothing; the texts are etcd's and gRPC's own.
[[nodiscard]] etcd_judgement judge(const grpc::Status& status);

/// "UNAVAILABLE: etcdserver: no leader"
[[nodiscard]] std::string in_words(const grpc::Status& status);

class etcd_link {
public:
    using clock = std::chrono::steady_clock;
    using time = clock::time_point;

    /// Reads the TLS files. No endpoint is asked yet.
    [[nodiscard]] static result<std::unique_ptr<etcd_link>> open(const etcd_options& options);

    /// When a call that begins now is to end, however many requests it takes: each is given it.
    [[nodiscard]] time deadline() const { return clock::now() + options_.call_time_max; }
    /// Whether it is worth it to begin another request of that call: one that is cut short may have
    /// been done.
    [[nodiscard]] bool has_time(time until) const {
        return until - clock::now() > options_.call_time_max / 10;
    }

    /// A read; `compacted` is a `conflict`. What `ahead` says is asked again without
    /// `serializable`. Where rows do not come in time, it asks for fewer than its limit, and `more`
    /// is said of those. It ends soon once `stop` is asked for.
    [[nodiscard]] result<etcdserverpb::RangeResponse> range(etcdserverpb::RangeRequest request,
                                                            time until,
                                                            const std::stop_token& stop = {});
    /// Several reads as one; the request's are all of one kind. A full cluster of 3.5.0 to 3.5.6
    /// refuses that, and is asked for one after another, all at one revision.
    [[nodiscard]] result<etcdserverpb::TxnResponse> read_all(etcdserverpb::TxnRequest request,
                                                             time until);
    /// `unknown_outcome` where it may have been done. It is sent to none but the cluster that
    /// answered first.
    [[nodiscard]] result<etcdserverpb::TxnResponse> transact(
        const etcdserverpb::TxnRequest& request, time until);
    /// For what does nothing more if it is done twice: it is sent again where nobody knows whether
    /// it was done. Also to none but that cluster; where nobody answers, `io`.
    [[nodiscard]] result<etcdserverpb::TxnResponse> transact_idempotent(
        const etcdserverpb::TxnRequest& request, time until);

    /// A watch on the endpoint that is asked now. The context must outlive it.
    [[nodiscard]] std::unique_ptr<
        grpc::ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>>
    watch(grpc::ClientContext& context);

    /// Whether this is the cluster that answered first.
    [[nodiscard]] bool is_ours(const etcdserverpb::ResponseHeader& header);

    [[nodiscard]] std::uint64_t authentications() const { return authentications_; }

private:
    struct endpoint {
        std::string name;
        std::shared_ptr<grpc::Channel> channel;
        std::unique_ptr<etcdserverpb::KV::Stub> kv;
        std::unique_ptr<etcdserverpb::Watch::Stub> watch;
        std::unique_ptr<etcdserverpb::Auth::Stub> auth;
        std::atomic<bool> ours = false;  // our cluster has answered, and no call has failed since
    };
    struct outcome {
        grpc::Status status;
        etcd_judgement means;
        std::string asked;  // which endpoint
    };
    enum class kind : std::uint8_t { read, change, idempotent_change };
    /// A call, which tells the header of its answer.
    using attempt =
        std::function<grpc::Status(endpoint&, grpc::ClientContext&, etcdserverpb::ResponseHeader&)>;
    struct attempted {
        outcome o;
        std::string as;  // the token that was shown
    };

    explicit etcd_link(const etcd_options& options) : options_{options} {}

    [[nodiscard]] outcome ask(kind what, const attempt& once, time until,
                              const std::stop_token& stop = {});
    [[nodiscard]] attempted try_at(endpoint& at, clock::duration time_max, const attempt& once,
                                   const std::stop_token& stop);
    [[nodiscard]] attempted meet(endpoint& at, clock::duration time_max,
                                 const std::stop_token& stop);
    /// `of_past` says that the request names a revision: then any member may answer that has it.
    template <class Response, class Call>
    [[nodiscard]] result<Response> read(bool of_past, time until, const std::stop_token& stop,
                                        const Call& call);
    [[nodiscard]] outcome send(kind what, const etcdserverpb::TxnRequest& request,
                               etcdserverpb::TxnResponse& answer, time until);
    [[nodiscard]] grpc::Status authenticate(endpoint& at, time until, const std::stop_token& stop);
    [[nodiscard]] std::string introduce(grpc::ClientContext& context);
    [[nodiscard]] std::string token();
    void leave(endpoint& failed);
    [[nodiscard]] endpoint& here() { return endpoints_[here_ % endpoints_.size()]; }

    const etcd_options options_;
    std::deque<endpoint> endpoints_;  // which stay where they are
    std::atomic<std::size_t> here_ = 0;
    std::mutex token_mutex_;
    std::string token_;
    std::atomic<std::uint64_t> cluster_ = 0, authentications_ = 0;
};

}  // namespace casement::engine
