#include "etcd_plan.hpp"

#include <algorithm>

#include <casement/engine/etcd.hpp>
#include <casement/kv/memory.hpp>

namespace casement::engine {

namespace rpc = etcdserverpb;

namespace {

rpc::Compare* compare_of(rpc::TxnRequest& r, std::string key, rpc::Compare::CompareTarget target,
                         rpc::Compare::CompareResult how) {
    auto* c = r.add_compare();
    c->set_key(std::move(key));
    c->set_target(target);
    c->set_result(how);
    return c;
}

void expect_absent(rpc::TxnRequest& r, std::string key) {
    compare_of(r, std::move(key), rpc::Compare::VERSION, rpc::Compare::EQUAL)->set_version(0);
}

/// There, and as it was when it was known: never true of another value.
void expect_known(rpc::TxnRequest& r, std::string key, const etcd_row& row) {
    if (!row.value) return expect_absent(r, std::move(key));
    compare_of(r, std::move(key), rpc::Compare::MOD, rpc::Compare::EQUAL)
        ->set_mod_revision(row.revision);
}

}  // namespace

etcd_plan::etcd_plan(const batch& asked, std::string_view prefix, const etcd_versions& opening)
    : asked_{asked}, prefix_{prefix} {
    for (const auto& g : asked.guards) {
        depends_on_.push_back(g.key);
        seen_[g.key] = opening.revision_of(g.seen_at);
    }
    for (const auto& w : asked.writes)
        if (w.what == write::kind::bump && !seen_.contains(w.key)) depends_on_.push_back(w.key);
}

std::string etcd_plan::at(std::string_view key) const {
    std::string out{prefix_};
    return out += key;
}

const etcd_row* etcd_plan::known(std::string_view key) const {
    const auto row = known_.find(key);
    return row == known_.end() ? nullptr : &row->second;
}

bool etcd_plan::reads_first() const {
    if (!known_.empty()) return false;
    const bool by_more = std::ranges::any_of(
        asked_.writes, [](const write& w) { return w.what == write::kind::bump && w.amount != 1; });
    // Of known rows each takes one compare; what is left to etcd's limit is for transactions
    // within.
    return by_more || request().compare_size() > static_cast<int>(commit_rows_max);
}

rpc::TxnRequest etcd_plan::reads() const {
    rpc::TxnRequest r;
    for (const auto key : depends_on_) r.add_success()->mutable_request_range()->set_key(at(key));
    return r;
}

rpc::TxnRequest etcd_plan::request() const {
    rpc::TxnRequest r;
    for (const auto& g : asked_.guards) compare(r, g);
    for (const auto& w : asked_.writes) {
        switch (w.what) {
            case write::kind::put: put(r, w); break;
            case write::kind::erase:
                r.add_success()->mutable_request_delete_range()->set_key(at(w.key));
                break;
            case write::kind::bump: bump(r, w); break;
        }
    }
    for (const auto key : depends_on_) r.add_failure()->mutable_request_range()->set_key(at(key));
    // A transaction that neither writes nor reads would be answered from a member's own past.
    if (r.success_size() == 0) r.add_success()->mutable_request_range()->set_key(at(""));
    return r;
}

void etcd_plan::compare(rpc::TxnRequest& r, const guard& g) const {
    auto key = at(g.key);
    if (!g.expected) return expect_absent(r, std::move(key));
    // A value of 8 bytes lies in one of many ways. The version that it was seen in says that no one
    // has touched it since; that it has not gone, its own version.
    if (g.expected->size() == counter_bytes) {
        if (const auto* row = known(g.key)) return expect_known(r, std::move(key), *row);
        if (const auto seen = seen_.at(g.key); seen > 0) {
            compare_of(r, key, rpc::Compare::MOD, rpc::Compare::LESS)->set_mod_revision(seen + 1);
            compare_of(r, std::move(key), rpc::Compare::VERSION, rpc::Compare::GREATER)
                ->set_version(0);
            return;
        }
    }
    // A compare of a value fails where no row is, also for an empty one.
    compare_of(r, std::move(key), rpc::Compare::VALUE, rpc::Compare::EQUAL)
        ->set_value(lying(*g.expected));
}

bool etcd_plan::guarded_absent(std::string_view key) const {
    return std::ranges::any_of(asked_.guards,
                               [&](const guard& g) { return !g.expected && g.key == key; });
}

/// 8 bytes are likely a counter. On a key that is not there its version will be 1, so that it can
/// lie as one, and the first bump needs no read either.
void etcd_plan::put(rpc::TxnRequest& r, const write& w) const {
    const auto plainly = [&](rpc::RequestOp* op, std::string bytes) {
        op->mutable_request_put()->set_key(at(w.key));
        op->mutable_request_put()->set_value(std::move(bytes));
    };
    auto* op = r.add_success();
    if (w.value.size() != counter_bytes) return plainly(op, lying(w.value));
    auto counting = lying_as_counter(number_in(w.value), 1);
    if (guarded_absent(w.key)) return plainly(op, std::move(counting));
    auto* either = op->mutable_request_txn();
    expect_absent(*either, at(w.key));
    plainly(either->add_success(), std::move(counting));
    plainly(either->add_failure(), lying(w.value));
}

/// By one, and it lies as a counter: a put that keeps the offset, whatever the number is. Else the
/// sum of what is known, if it still is as it is known.
void etcd_plan::bump(rpc::TxnRequest& r, const write& w) const {
    auto* put = r.add_success()->mutable_request_put();
    put->set_key(at(w.key));
    const auto* row = known(w.key);
    if (w.amount == 1 && (row == nullptr || row->counts)) {
        put->set_ignore_value(true);
        compare_of(r, at(w.key), rpc::Compare::VALUE, rpc::Compare::GREATER)
            ->set_value(std::string{below_counters});
        return;
    }
    const etcd_row none;
    if (row == nullptr) row = &none;
    expect_known(r, at(w.key), *row);
    const auto before = row->value ? number_in(*row->value) : 0;
    put->set_value(lying_as_counter(before + w.amount, row->version + 1));
}

result<void> etcd_plan::learn(const rpc::TxnResponse& answer) {
    known_.clear();
    if (answer.responses_size() != static_cast<int>(depends_on_.size()))
        return fail(errc::io, "commit", "", "the answer is of another question");
    for (std::size_t i = 0; i < depends_on_.size(); ++i) {
        auto row = row_from(depends_on_[i], answer.responses(static_cast<int>(i)).response_range());
        if (!row) return passed(row);
        known_[depends_on_[i]] = *std::move(row);
    }
    for (const auto& g : asked_.guards) {
        const auto& now = known_[g.key].value;
        if (now.has_value() != g.expected.has_value() || (now && *now != *g.expected))
            return std::unexpected{guard_failed(g)};
    }
    for (const auto& w : asked_.writes)
        if (w.what == write::kind::bump)
            if (auto sum = bumped(known_[w.key].value, w.amount, w.key); !sum) return passed(sum);
    return {};
}

}  // namespace casement::engine
