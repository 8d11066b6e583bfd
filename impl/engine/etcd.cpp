#include <casement/engine/etcd.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include <casement/core/assert.hpp>

#include "etcd_link.hpp"
#include "etcd_plan.hpp"
#include "etcd_row.hpp"
#include "etcd_watch.hpp"
#include "remembered_rows.hpp"

namespace casement::engine {

namespace rpc = etcdserverpb;

namespace {

/// The key that says that a store is there lies beside its rows' prefix, and not among them.
constexpr std::string_view rows_follow{"\0", 1}, format_follows{"\1", 1};
constexpr std::string_view format = "casement 1";

/// Pages grow from a few rows, for most scans end soon, until they hold this many rows or bytes.
constexpr std::int64_t page_rows_min = 32, page_rows_max = 1024;
constexpr std::size_t page_bytes = 1u << 20;

/// A request for other forms of rows than those that were assumed is made anew this often.
constexpr int plans_max = 64;

/// How long a view waits for the watch to have heard of what the view can see.
constexpr std::chrono::milliseconds news_time_max{5};

}  // namespace

struct etcd_store::rows_in_hand {
    std::map<std::string, std::optional<std::string>, std::less<>> rows;
    std::int64_t revision = 0;
    std::optional<error> why_none;  // the instant could not be had
};

struct etcd_store::state {
    etcd_options options;
    std::string prefix;  // of rows
    std::unique_ptr<etcd_link> link;
    etcd_versions versions;
    mutable remembered_rows remembered;
    mutable std::optional<etcd_watch> watch;

    std::atomic<std::uint64_t> commits = 0, conflicts = 0, unknown = 0, transactions = 0;
    mutable std::atomic<std::uint64_t> reads = 0, pages = 0, known = 0;

    explicit state(const etcd_options& o)
        : options{o}, prefix{o.prefix + std::string{rows_follow}}, remembered{o.cache_bytes} {}

    struct rows_read {
        std::vector<std::optional<std::string>> values;
        std::int64_t revision;
    };
    [[nodiscard]] result<void> make_or_find() const;
    [[nodiscard]] result<rows_read> read(std::span<const std::string_view> keys,
                                         std::int64_t revision) const;
    [[nodiscard]] result<void> read_some(std::span<const std::string_view> keys, rows_read& out,
                                         etcd_link::time until) const;
    void keep(std::string_view key, const etcd_row& row, std::int64_t revision) const;
    [[nodiscard]] std::shared_ptr<const rows_in_hand> hold(
        std::span<const std::string_view> keys) const;
    [[nodiscard]] result<std::optional<std::string>> look(const rows_in_hand& hand,
                                                          std::string_view key) const;
    [[nodiscard]] result<receipt> commit(const batch& b);
    [[nodiscard]] result<rpc::TxnResponse> transact(const rpc::TxnRequest& request,
                                                    etcd_link::time until);
};

// --- reading ---------------------------------------------------------------------------------

/// Several rows of one instant: of `revision`, or of now if that is 0. One round trip for as many
/// as a transaction takes.
auto etcd_store::state::read(std::span<const std::string_view> keys, std::int64_t revision) const
    -> result<rows_read> {
    rows_read out{{}, revision};
    const auto until = link->deadline();
    for (; !keys.empty(); keys = keys.subspan(std::min(keys.size(), etcd_operations_max)))
        if (auto some =
                read_some(keys.first(std::min(keys.size(), etcd_operations_max)), out, until);
            !some)
            return passed(some);
    return out;
}

result<void> etcd_store::state::read_some(std::span<const std::string_view> keys, rows_read& out,
                                          etcd_link::time until) const {
    rpc::TxnRequest all;
    for (const auto key : keys) {
        auto& one = *all.add_success()->mutable_request_range();
        one.set_key(prefix + std::string{key});
        one.set_revision(out.revision);
    }
    ++reads;
    const auto answered = link->read_all(std::move(all), until);
    if (!answered) return std::unexpected{answered.error()};
    if (answered->responses_size() != static_cast<int>(keys.size()))
        return fail(errc::io, "read", "", "the answer is of another question");
    if (out.revision == 0) out.revision = answered->header().revision();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto row = row_from(keys[i], answered->responses(static_cast<int>(i)).response_range());
        if (!row) return passed(row);
        keep(keys[i], *row, out.revision);
        out.values.push_back(std::move(row->value));
    }
    return {};
}

void etcd_store::state::keep(std::string_view key, const etcd_row& row,
                             std::int64_t revision) const {
    if (!remembered.keep(key, row.value, row.revision, revision) && watch) watch->begin_anew();
}

auto etcd_store::state::hold(std::span<const std::string_view> keys) const
    -> std::shared_ptr<const rows_in_hand> {
    constexpr std::string_view any[] = {""};
    if (keys.empty()) keys = any;
    auto hand = std::make_shared<rows_in_hand>();
    auto now = read(keys, 0);
    if (!now) {
        hand->why_none = std::move(now).error();
        return hand;
    }
    hand->revision = now->revision;
    for (std::size_t i = 0; i < keys.size(); ++i)
        hand->rows.emplace(keys[i], std::move(now->values[i]));
    if (watch) remembered.wait_for(hand->revision, news_time_max);
    return hand;
}

result<std::optional<std::string>> etcd_store::state::look(const rows_in_hand& hand,
                                                           std::string_view key) const {
    if (hand.why_none) return std::unexpected{*hand.why_none};
    if (const auto row = hand.rows.find(key); row != hand.rows.end()) return row->second;
    if (auto row = remembered.at(key, hand.revision)) {
        ++known;
        return *std::move(row);
    }
    auto row = read({&key, 1}, hand.revision);
    if (!row) return passed(row);
    return std::move(row->values.front());
}

result<found> etcd_store::get(std::string_view key) const {
    auto row = state_->read({&key, 1}, 0);
    if (!row) return within(std::move(row), "get", std::string{key});
    return found{std::move(row->values.front()), state_->versions.of(row->revision)};
}

result<found> etcd_store::view::get(std::string_view key) const {
    auto row = of_->look(*hand_, key);
    if (!row) return within(std::move(row), "get", std::string{key});
    return found{*std::move(row), of_->versions.of(hand_->revision)};
}

etcd_store::view etcd_store::view::together(std::span<const std::string_view> keys) const {
    const auto in_hand = [&](std::string_view key) { return hand_->rows.contains(key); };
    if (hand_->why_none || std::ranges::all_of(keys, in_hand)) return *this;
    auto more = std::make_shared<rows_in_hand>(*hand_);
    std::vector<std::string_view> unknown;
    for (const auto key : keys) {
        if (more->rows.contains(key)) continue;
        if (auto row = of_->remembered.at(key, more->revision)) {
            ++of_->known;
            more->rows.emplace(key, *std::move(row));
        } else {
            unknown.push_back(key);
        }
    }
    if (unknown.empty()) return {of_, std::move(more)};
    if (auto rows = of_->read(unknown, more->revision)) {
        for (std::size_t i = 0; i < unknown.size(); ++i)
            more->rows.emplace(unknown[i], std::move(rows->values[i]));
    } else {
        more->why_none = std::move(rows).error();
    }
    return {of_, std::move(more)};
}

etcd_store::view etcd_store::snapshot() const { return together({}); }

etcd_store::view etcd_store::together(std::span<const std::string_view> keys) const {
    return {state_.get(), state_->hold(keys)};
}

bool etcd_store::unchanged(std::string_view key, version at) const {
    const auto then = state_->versions.revision_of(at);
    if (then == 0 || state_->remembered.changed_since(key, then)) return false;
    rpc::RangeRequest now;
    now.set_key(state_->prefix + std::string{key});
    now.set_keys_only(true);
    ++state_->reads;
    const auto row = state_->link->range(std::move(now), state_->link->deadline());
    return row && row->kvs_size() == 1 && row->kvs(0).mod_revision() <= then;
}

// --- scanning --------------------------------------------------------------------------------

struct etcd_store::cursor::walk {
    const state* of;
    std::string next, last;     // of keys in etcd: what is not read yet
    std::int64_t revision = 0;  // 0 until the first page says what it is of
    std::int64_t limit = page_rows_min;
    bool more = true;
    rpc::RangeResponse page;
    int here = 0;
    etcd_row row;
    result<void> status;

    void turn();
    [[nodiscard]] bool at_row();
};

/// The next page. REQUIRES: there is more
void etcd_store::cursor::walk::turn() {
    rpc::RangeRequest ask;
    ask.set_key(next);
    ask.set_range_end(last);
    ask.set_limit(limit);
    ask.set_revision(revision);
    ++of->pages;
    auto answer = of->link->range(std::move(ask), of->link->deadline());
    here = 0;
    page.Clear();
    more = false;
    if (!answer) {
        status = within(std::move(answer), "scan", next.substr(of->prefix.size()));
        return;
    }
    page = *std::move(answer);
    if (revision == 0) revision = page.header().revision();
    more = page.more() && page.kvs_size() > 0;
    if (!more) return;
    limit = page.kvs_size();  // fewer than were asked for, if more would not have come in time
    next = page.kvs(page.kvs_size() - 1).key() + '\0';
    const auto bytes = page.ByteSizeLong();
    if (bytes < page_bytes / 2) limit = std::min(2 * limit, page_rows_max);
    if (bytes > page_bytes * 2) limit = std::max(limit / 2, std::int64_t{1});
}

bool etcd_store::cursor::walk::at_row() {
    while (here == page.kvs_size() && more) turn();
    if (here == page.kvs_size()) return false;
    const auto& kv = page.kvs(here);
    auto now = row_from(kv.key(), kv.value(), kv.version(), kv.mod_revision());
    if (!now) {
        status = within(std::move(now), "scan", "");
        return false;
    }
    row = *std::move(now);
    return true;
}

etcd_store::cursor::cursor(std::unique_ptr<walk> w) : walk_{std::move(w)} { look(); }
etcd_store::cursor::cursor(cursor&&) noexcept = default;
etcd_store::cursor& etcd_store::cursor::operator=(cursor&&) noexcept = default;
etcd_store::cursor::~cursor() = default;

void etcd_store::cursor::look() {
    valid_ = walk_->at_row();
    if (!valid_) return;
    key_ = walk_->page.kvs(walk_->here).key();
    key_.remove_prefix(walk_->of->prefix.size());
    value_ = *walk_->row.value;
}

void etcd_store::cursor::next() {
    require(valid_, "the cursor is on a row");
    ++walk_->here;
    look();
}

result<void> etcd_store::cursor::status() const { return walk_->status; }

etcd_store::cursor etcd_store::scan(std::string_view first, std::string_view last) const {
    auto w = std::make_unique<cursor::walk>();
    w->of = state_.get();
    w->next = state_->prefix + std::string{first};
    w->last = state_->prefix + std::string{last};
    w->more = first < last;
    return cursor{std::move(w)};
}

etcd_store::cursor etcd_store::view::scan(std::string_view first, std::string_view last) const {
    auto w = std::make_unique<cursor::walk>();
    w->of = of_;
    w->next = of_->prefix + std::string{first};
    w->last = of_->prefix + std::string{last};
    w->revision = hand_->revision;
    w->more = first < last && !hand_->why_none;
    if (hand_->why_none) w->status = std::unexpected{*hand_->why_none};
    return cursor{std::move(w)};
}

// --- committing ------------------------------------------------------------------------------

result<rpc::TxnResponse> etcd_store::state::transact(const rpc::TxnRequest& request,
                                                     etcd_link::time until) {
    if (request.ByteSizeLong() > etcd_request_bytes_max)
        return fail(errc::too_big, "commit", "",
                    "its request has " + std::to_string(request.ByteSizeLong()) +
                        " bytes, and etcd takes 1.5 MiB");
    ++transactions;
    auto answer = link->transact(request, until);
    if (answer) return answer;
    if (answer.error().code() == errc::unknown_outcome) ++unknown;
    return within(std::move(answer), "commit", options.prefix);
}

result<receipt> etcd_store::state::commit(const batch& b) {
    if (b.guards.size() + b.writes.size() > commit_rows_max)
        return fail(errc::too_big, "commit", "", "more than 100 guards and writes");
    etcd_plan plan{b, prefix, versions};
    const auto until = link->deadline();
    const auto learn = [&](const rpc::TxnResponse& answer) {
        auto learnt = plan.learn(answer);
        // So that who was refused, and decides anew, sees what is there, whatever was remembered.
        for (const auto& [key, row] : plan.asked_back()) keep(key, row, answer.header().revision());
        if (!learnt && learnt.error().code() == errc::conflict) ++conflicts;
        return learnt;
    };
    if (plan.reads_first()) {
        ++reads;
        auto rows = link->read_all(plan.reads(), until);
        if (!rows) return within(std::move(rows), "commit", options.prefix);
        if (auto learnt = learn(*rows); !learnt) return passed(learnt);
    }
    for (int plans = 0; plans == 0 || (plans < plans_max && link->has_time(until)); ++plans) {
        auto answer = transact(plan.request(), until);
        if (!answer) return passed(answer);
        if (answer->succeeded()) {
            ++commits;
            return receipt{versions.of(answer->header().revision())};
        }
        if (auto learnt = learn(*answer); !learnt) return passed(learnt);
    }
    ++conflicts;
    return fail(errc::conflict, "commit", options.prefix, "others move its counters faster");
}

result<receipt> etcd_store::commit(const batch& b) { return state_->commit(b); }

etcd_counts etcd_store::counts() const {
    const auto& s = *state_;
    return {s.commits,
            s.conflicts,
            s.unknown,
            s.transactions,
            s.reads,
            s.pages,
            s.known,
            s.link->authentications(),
            s.watch ? s.watch->begun() : 0};
}

// --- opening and closing ---------------------------------------------------------------------

result<void> etcd_store::state::make_or_find() const {
    const auto key = options.prefix + std::string{format_follows};
    rpc::TxnRequest r;
    auto& none = *r.add_compare();
    none.set_key(key);
    none.set_target(rpc::Compare::VERSION);
    none.set_version(0);
    if (options.create) {
        auto& put = *r.add_success()->mutable_request_put();
        put.set_key(key);
        put.set_value(std::string{format});
    } else {
        r.add_success()->mutable_request_range()->set_key(key);
    }
    r.add_failure()->mutable_request_range()->set_key(key);
    const auto until = link->deadline();
    const auto answer = link->transact_idempotent(r, until);
    if (answer && answer->succeeded()) {
        if (options.create) return {};
        return fail(errc::not_found, "open store", options.prefix, "no store is there");
    }
    rpc::RangeResponse there;
    if (answer) {
        there = answer->responses(0).response_range();
    } else if (answer.error().code() == errc::no_space) {
        // It makes no store, and some versions refuse all transactions: what is there can be read.
        rpc::RangeRequest read;
        read.set_key(key);
        auto row = link->range(std::move(read), until);
        if (!row || row->kvs_size() == 0) return std::unexpected{answer.error()};
        there = *std::move(row);
    } else {
        return std::unexpected{answer.error()};
    }
    if (there.kvs_size() == 1 && there.kvs(0).value() == format) return {};
    return fail(errc::newer_format, "open store", options.prefix,
                there.kvs_size() == 1 ? printable(there.kvs(0).value()) : "");
}

result<etcd_store> etcd_store::open(const etcd_options& options) {
    if (options.prefix.empty() || options.prefix.find('\0') != std::string::npos)
        return fail(errc::illegal, "open store", options.prefix, "that is no prefix");
    auto s = std::make_unique<state>(options);
    auto link = etcd_link::open(options);
    if (!link) return within(std::move(link), "open store", options.prefix);
    s->link = *std::move(link);
    if (auto there = s->make_or_find(); !there)
        return within(std::move(there), "open store", options.prefix);
    if (options.cache_bytes > 0) s->watch.emplace(*s->link, s->remembered, s->prefix);
    return etcd_store{std::move(s)};
}

etcd_store::etcd_store(std::unique_ptr<state> s) : state_{std::move(s)} {}
etcd_store::etcd_store(etcd_store&&) noexcept = default;
etcd_store& etcd_store::operator=(etcd_store&&) noexcept = default;
etcd_store::~etcd_store() = default;

result<void> etcd_store::close() {
    state_.reset();
    return {};
}

}  // namespace casement::engine
