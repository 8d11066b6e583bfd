// What a call's failure means, status by status: the texts are those of etcd 3.4 and gRPC 1.51.

#include "engine/etcd_link.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace casement::engine::etcd_link_test
