#pragma once
// A commit as one transaction of etcd: what it compares, what it writes, and what it asks back if a
// compare fails: every row that it depends on, as it was at that very moment. From these it knows
// whether a guard is broken, or only a counter lies otherwise than was assumed; then the next
// request is made of what is known now. One thread; the batch must outlive it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

#include "etcd_row.hpp"
#include "etcd_rpc.pb.h"

namespace casement::engine {

class etcd_plan {
public:
    etcd_plan(const batch& asked, std::string_view prefix, const etcd_versions& opening);

    /// Whether rows must be read before the first request can be made: it bumps by other amounts
    /// than one, or it would compare too much of what it does not know.
    [[nodiscard]] bool reads_first() const;
    /// The reads, in one transaction.
    [[nodiscard]] etcdserverpb::TxnRequest reads() const;

    [[nodiscard]] etcdserverpb::TxnRequest request() const;

    /// Takes the rows that were asked back. An error is the commit's own: `conflict` names the
    /// first guard that is broken, `corrupt` a row that is bumped and is no counter. Otherwise the
    /// request can be made anew.
    [[nodiscard]] result<void> learn(const etcdserverpb::TxnResponse& answer);
    /// What the last answer says of rows.
    [[nodiscard]] const std::map<std::string_view, etcd_row>& asked_back() const { return known_; }

private:
    [[nodiscard]] const etcd_row* known(std::string_view key) const;
    void compare(etcdserverpb::TxnRequest& r, const guard& g) const;
    void put(etcdserverpb::TxnRequest& r, const write& w) const;
    void bump(etcdserverpb::TxnRequest& r, const write& w) const;
    [[nodiscard]] bool guarded_absent(std::string_view key) const;
    [[nodiscard]] std::string at(std::string_view key) const;

    const batch& asked_;
    std::string_view prefix_;
    std::vector<std::string_view> depends_on_;  // keys, in the order in which they are asked back
    std::map<std::string_view, std::int64_t> seen_;  // of guards, the revision
    std::map<std::string_view, etcd_row> known_;
};

}  // namespace casement::engine
