// What a call's failure means, status by status: the texts are those of etcd 3.4 and gRPC 1.51. And
// what threads do to each other, at a member that answers as the test asks.

#include "engine/etcd_link.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/core/assert.hpp>

#include "engine/etcd_watch.hpp"
#include "engine/remembered_rows.hpp"

namespace casement::engine::etcd_link_test {
namespace {

using grpc::StatusCode;
using enum etcd_verdict;
using enum grpc::StatusCode;

struct meaning {
    StatusCode code;
    const char* text;
    etcd_verdict verdict;
    errc why = errc::io;
};

TEST(etcd_link, knows_what_a_status_means) {
    // clang-format off
    const meaning all[] = {
        {UNAVAILABLE,         "failed to connect to all addresses",     elsewhere},
        {UNAVAILABLE,         "etcdserver: no leader",                  elsewhere},
        {UNAVAILABLE,         "Socket closed",                          lost},
        {UNAVAILABLE,         "leader changed",                         lost},
        {UNAVAILABLE,         "request timed out",                      lost},
        {DEADLINE_EXCEEDED,   "Deadline Exceeded",                      lost},
        {CANCELLED,           "",                                       lost},
        {UNKNOWN,             "raft proposal dropped",                  lost},
        {INTERNAL,            "",                                       lost},
        {DATA_LOSS,           "corrupt cluster",                        lost},
        {UNAUTHENTICATED,     "invalid auth token",                     stale},
        {INVALID_ARGUMENT,    "revision of auth store is old",          stale},
        {INVALID_ARGUMENT,    "user name is empty",                     stale},
        {INVALID_ARGUMENT,    "etcdserver: authentication failed, invalid user ID",refused},
        {PERMISSION_DENIED,   "etcdserver: permission denied",          refused},
        {PERMISSION_DENIED,   "RBAC: access denied",                    lost},
        {FAILED_PRECONDITION, "authentication is not enabled",          refused},
        {INVALID_ARGUMENT,    "request is too large",                   refused, errc::too_big},
        {INVALID_ARGUMENT,    "too many operations in txn",             refused, errc::too_big},
        {RESOURCE_EXHAUSTED,  "grpc: received message larger than max", refused, errc::too_big},
        {RESOURCE_EXHAUSTED,  "etcdserver: too many requests",          refused},
        {RESOURCE_EXHAUSTED,  "Bandwidth exhausted or memory limit",    lost},
        {RESOURCE_EXHAUSTED,  "grpc: trying to send message larger than max", lost},
        {RESOURCE_EXHAUSTED,  "mvcc: database space exceeded",          lost, errc::no_space},
        {OUT_OF_RANGE,        "mvcc: revision has been compacted",      compacted, errc::conflict},
        {OUT_OF_RANGE,        "mvcc: is a future revision",             ahead},
        {UNIMPLEMENTED,       "unknown service",                        refused, errc::unsupported},
    };
    // clang-format on
    for (const auto& m : all) {
        const auto means = judge({m.code, m.text});
        EXPECT_EQ(means.verdict, m.verdict) << m.text;
        EXPECT_EQ(means.code, m.why) << m.text;
    }
    EXPECT_EQ(judge(grpc::Status::OK).verdict, good);
}

TEST(etcd_link, says_a_status_in_words) {
    EXPECT_EQ(in_words({StatusCode::UNAVAILABLE, "etcdserver: no leader"}),
              "UNAVAILABLE: etcdserver: no leader");
}

namespace rpc = etcdserverpb;

/// A server of some of etcd's services, until its end.
class served {
public:
    explicit served(std::initializer_list<grpc::Service*> services) {
        int port = 0;
        grpc::ServerBuilder make;
        make.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
        for (auto* service : services) make.RegisterService(service);
        server_ = make.BuildAndStart();
        require(server_ != nullptr, "it listens");
        endpoint_ = "127.0.0.1:" + std::to_string(port);
    }
    ~served() { server_->Shutdown(std::chrono::system_clock::now()); }
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

private:
    std::unique_ptr<grpc::Server> server_;
    std::string endpoint_;
};

/// Knows no rows, but who calls: whoever does not show the newest token is sent away. The first who
/// is sent away, or asks to be let in, may be made to wait until another has been served.
class member {
public:
    enum class delayed { nobody, sent_away, to_be_let_in };

    [[nodiscard]] etcd_options options() const {
        return {.endpoints = {server_.endpoint()}, .prefix = "/p", .user = "me"};
    }
    /// The newest token counts no more, and who finds that out first has to wait.
    void forget_everybody(delayed who) {
        const std::lock_guard lock{mutex_};
        valid_.clear();
        delayed_ = who;
    }
    void wait_until_one_waits() {
        std::unique_lock lock{mutex_};
        moved_.wait(lock, [&] { return waits_; });
    }
    [[nodiscard]] int watched() {
        const std::lock_guard lock{mutex_};
        return watched_;
    }

private:
    static constexpr std::uint64_t here = 7, elsewhere = 8;  // clusters

    struct kv_service : rpc::KV::Service {
        explicit kv_service(member& m) : of{m} {}
        member& of;
        grpc::Status Range(grpc::ServerContext* context, const rpc::RangeRequest*,
                           rpc::RangeResponse* answer) override {
            const auto shown = context->client_metadata().find("token");
            const bool has_one = shown != context->client_metadata().end();
            answer->mutable_header()->set_cluster_id(here);
            return of.range(has_one ? std::string{shown->second.data(), shown->second.size()} : "");
        }
    };
    struct auth_service : rpc::Auth::Service {
        explicit auth_service(member& m) : of{m} {}
        member& of;
        grpc::Status Authenticate(grpc::ServerContext*, const rpc::AuthenticateRequest*,
                                  rpc::AuthenticateResponse* answer) override {
            answer->mutable_header()->set_cluster_id(here);
            auto token = of.let_in();
            if (token.empty()) return {grpc::StatusCode::UNAVAILABLE, "not now"};
            answer->set_token(std::move(token));
            return grpc::Status::OK;
        }
    };
    struct watch_service : rpc::Watch::Service {
        explicit watch_service(member& m) : of{m} {}
        member& of;
        grpc::Status Watch(
            grpc::ServerContext*,
            grpc::ServerReaderWriter<rpc::WatchResponse, rpc::WatchRequest>* stream) override {
            {
                const std::lock_guard lock{of.mutex_};
                ++of.watched_;
            }
            rpc::WatchRequest what;
            rpc::WatchResponse made;
            made.mutable_header()->set_cluster_id(elsewhere);
            made.set_created(true);
            (void)(stream->Read(&what) && stream->Write(made) && stream->Read(&what));
            return grpc::Status::OK;
        }
    };

    grpc::Status range(const std::string& token) {
        std::unique_lock lock{mutex_};
        if (!token.empty() && token == valid_) {
            ++served_;
            moved_.notify_all();
            return grpc::Status::OK;
        }
        if (delayed_ == delayed::sent_away) until_another_is_served(lock);
        return {grpc::StatusCode::UNAUTHENTICATED, "etcdserver: invalid auth token"};
    }
    std::string let_in() {
        std::unique_lock lock{mutex_};
        if (delayed_ == delayed::to_be_let_in) {
            until_another_is_served(lock);
            return "";
        }
        return valid_ = "token" + std::to_string(++tokens_);
    }
    /// Then its link knows the new token.
    void until_another_is_served(std::unique_lock<std::mutex>& lock) {
        delayed_ = delayed::nobody;
        waits_ = true;
        moved_.notify_all();
        moved_.wait(lock, [&, before = served_] { return served_ > before; });
        waits_ = false;
    }

    std::mutex mutex_;
    std::condition_variable moved_;
    std::string valid_;
    delayed delayed_ = delayed::nobody;
    bool waits_ = false;
    int tokens_ = 0, served_ = 0, watched_ = 0;
    kv_service kv_{*this};
    auth_service auth_{*this};
    watch_service watch_{*this};
    served server_{&kv_, &auth_, &watch_};
};

/// How often it was said who calls, when one thread is made to wait and another comes in between.
std::uint64_t times_told(member::delayed who) {
    member m;
    const auto link = *etcd_link::open(m.options());
    EXPECT_TRUE(link->range({}, link->deadline()));
    EXPECT_EQ(link->authentications(), 1u);
    m.forget_everybody(who);
    {
        const std::jthread first{[&] { EXPECT_TRUE(link->range({}, link->deadline())); }};
        m.wait_until_one_waits();
        EXPECT_TRUE(link->range({}, link->deadline()));
    }
    EXPECT_TRUE(link->range({}, link->deadline()));
    return link->authentications() - 1;
}

TEST(etcd_link, takes_the_token_that_another_thread_has_got_meanwhile) {
    EXPECT_EQ(times_told(member::delayed::sent_away), 1u);
}

TEST(etcd_link, keeps_the_token_that_another_thread_has_got_when_it_gets_none) {
    EXPECT_EQ(times_told(member::delayed::to_be_let_in), 2u) << "one got none, and one got one";
}

/// Answers each call as the test says.
class told_member {
public:
    std::uint64_t cluster = 7;
    std::function<grpc::Status(const rpc::RangeRequest&, rpc::RangeResponse&)> range;
    std::function<grpc::Status(grpc::ServerContext&, const rpc::TxnRequest&, rpc::TxnResponse&)>
        transact;

    [[nodiscard]] const std::string& endpoint() const { return server_.endpoint(); }

private:
    struct kv_service : rpc::KV::Service {
        explicit kv_service(told_member& m) : of{m} {}
        told_member& of;
        grpc::Status Range(grpc::ServerContext*, const rpc::RangeRequest* asked,
                           rpc::RangeResponse* answer) override {
            answer->mutable_header()->set_cluster_id(of.cluster);
            return of.range ? of.range(*asked, *answer) : grpc::Status::OK;
        }
        grpc::Status Txn(grpc::ServerContext* context, const rpc::TxnRequest* asked,
                         rpc::TxnResponse* answer) override {
            answer->mutable_header()->set_cluster_id(of.cluster);
            return of.transact(*context, *asked, *answer);
        }
    };

    kv_service kv_{*this};
    served server_{&kv_};
};

/// Everything that is asked is done, and nothing is there.
grpc::Status do_all(const rpc::TxnRequest& asked, rpc::TxnResponse& answer) {
    answer.set_succeeded(true);
    for (const auto& op : asked.success())
        if (op.has_request_range())
            (void)answer.add_responses()->mutable_response_range();
        else
            (void)answer.add_responses()->mutable_response_put();
    return grpc::Status::OK;
}

TEST(etcd_link, reads_one_by_one_from_a_full_cluster_that_refuses_them_together) {
    told_member full;
    std::vector<std::int64_t> at;  // the revisions that were asked for
    full.transact = [](auto&, auto&, auto&) -> grpc::Status {
        return {RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"};
    };
    full.range = [&](const auto& asked, auto& answer) {
        if (asked.keys_only()) return grpc::Status::OK;  // who are you?
        at.push_back(asked.revision());
        answer.mutable_header()->set_revision(5 + static_cast<std::int64_t>(at.size()));
        answer.add_kvs()->set_key(asked.key());
        return grpc::Status::OK;
    };
    const auto link = *etcd_link::open({.endpoints = {full.endpoint()}, .prefix = "/p"});
    rpc::TxnRequest all;
    for (const auto* key : {"a", "b", "c"})
        all.add_success()->mutable_request_range()->set_key(key);
    const auto read = link->read_all(all, link->deadline());
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(at, (std::vector<std::int64_t>{0, 6, 6})) << "all of one instant";
    EXPECT_EQ(read->header().revision(), 6) << "and of that";
    for (auto& op : *all.mutable_success()) op.mutable_request_range()->set_revision(3);
    at.clear();
    ASSERT_TRUE(link->read_all(all, link->deadline()));
    EXPECT_EQ(at, (std::vector<std::int64_t>{3, 3, 3}));
    ASSERT_EQ(read->responses_size(), 3);
    EXPECT_EQ(read->responses(2).response_range().kvs(0).key(), "c");
    EXPECT_EQ(link->transact(all, link->deadline()).error().code(), errc::unknown_outcome);
}

TEST(etcd_link, opens_a_store_on_a_full_cluster_and_makes_none) {
    told_member full;
    full.transact = [](auto&, auto&, auto&) -> grpc::Status {
        return {RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"};
    };
    std::string there;
    full.range = [&](const auto& asked, auto& answer) {
        if (there.empty() || asked.keys_only()) return grpc::Status::OK;
        answer.add_kvs()->set_value(there);
        return grpc::Status::OK;
    };
    for (const bool create : {true, false}) {
        const auto code = [&](const std::string& found) {
            there = found;
            const auto kv = etcd_store::open({.endpoints = {full.endpoint()},
                                              .prefix = "/p",
                                              .create = create,
                                              .cache_bytes = 0});
            return kv ? errc{} : kv.error().code();
        };
        EXPECT_EQ(code(""), errc::no_space);
        EXPECT_EQ(code("casement 2"), errc::newer_format);
        EXPECT_EQ(code("casement 1"), errc{});
    }
}

// A store is made by a change, which whoever is asked makes: also a cluster that is not ours.
TEST(etcd_link, makes_a_store_on_one_cluster_only) {
    told_member ours, another;
    another.cluster = 8;
    ours.transact = [](auto&, auto&, auto&) -> grpc::Status {
        return {UNAVAILABLE, "the answer is lost"};
    };
    int made_elsewhere = 0;
    another.transact = [&](auto&, const auto& asked, auto& answer) {
        ++made_elsewhere;
        return do_all(asked, answer);
    };
    EXPECT_FALSE(etcd_store::open({.endpoints = {ours.endpoint(), another.endpoint()},
                                   .prefix = "/p",
                                   .create = true,
                                   .call_time_max = std::chrono::milliseconds{500},
                                   .cache_bytes = 0}));
    EXPECT_EQ(made_elsewhere, 0);
}

TEST(etcd_link, opens_beside_an_endpoint_that_takes_calls_and_never_answers) {
    told_member silent, other;
    silent.transact = [](auto& context, auto&, auto&) -> grpc::Status {
        while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
        return grpc::Status::CANCELLED;
    };
    other.transact = [](auto&, const auto& asked, auto& answer) { return do_all(asked, answer); };
    EXPECT_TRUE(etcd_store::open({.endpoints = {silent.endpoint(), other.endpoint()},
                                  .prefix = "/p",
                                  .create = true,
                                  .call_time_max = std::chrono::milliseconds{3000},
                                  .cache_bytes = 0}));
}

TEST(etcd_link, all_requests_of_a_call_have_its_time_together) {
    using std::chrono::milliseconds;
    constexpr milliseconds all_of_it{2000};
    told_member slow;
    std::atomic<int> requests = 0;
    std::atomic<bool> refuses = false;
    slow.transact = [&](auto&, const auto& asked, auto& answer) {
        ++requests;
        if (!refuses) {  // one is within its share, the five of a call are not
            if (asked.compare_size() == 0) std::this_thread::sleep_for(all_of_it / 4);
            return do_all(asked, answer);
        }
        std::this_thread::sleep_for(all_of_it / 20);
        for (int n = 0; n < asked.failure_size(); ++n)
            (void)answer.add_responses()->mutable_response_range();
        return grpc::Status::OK;
    };
    auto kv = etcd_store::open({.endpoints = {slow.endpoint()},
                                .prefix = "/p",
                                .create = true,
                                .call_time_max = all_of_it,
                                .cache_bytes = 0});
    ASSERT_TRUE(kv);
    std::vector<std::string> names;
    for (std::size_t n = 0; n < 5 * etcd_operations_max; ++n)
        names.push_back("k" + std::to_string(n));
    const std::vector<std::string_view> keys{names.begin(), names.end()};
    const auto few = std::span{keys}.first(etcd_operations_max);
    EXPECT_TRUE(kv->together(few).get(keys.front()));
    const auto late = kv->together(keys).get(keys.front());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::io);

    // A counter that is never as it was assumed: what was refused has not happened.
    refuses = true;
    requests = 0;
    const write one_more{write::kind::bump, "n", {}, 1};
    const auto in_vain = kv->commit({{}, {&one_more, 1}});
    ASSERT_FALSE(in_vain);
    EXPECT_EQ(in_vain.error().code(), errc::conflict) << in_vain.error().message();
    EXPECT_LE(requests, 20);
}

TEST(etcd_link, does_not_follow_a_watch_on_another_cluster) {
    member m;
    const auto link = *etcd_link::open(m.options());
    remembered_rows rows{1 << 20};
    const etcd_watch watch{*link, rows, "/p"};
    while (m.watched() < 3 && watch.begun() == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    EXPECT_EQ(watch.begun(), 0u);
}

}  // namespace
}  // namespace casement::engine::etcd_link_test
