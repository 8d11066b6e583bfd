#pragma once
// Who may write a file (SPEC F14, F3). A grant gives a `writer`, which every use of it carries:
// what is compared is its session and its number, never the clock. The clock only says who may ask
// for a lease that has run out (DESIGN D7). Each call is one commit. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/rows.hpp>

namespace casement::tree {

using protocol::lease_seq;
using protocol::session_id;
using protocol::staging_id;

/// The right to write one file, as it was granted. It may be over at any time: then every use of it
/// is `fenced`.
class writer {
public:
    [[nodiscard]] node_id node() const { return granted_.node; }
    [[nodiscard]] session_id session() const { return granted_.session; }
    [[nodiscard]] lease_seq seq() const { return granted_.seq; }
    /// The staging file of this grant, and of no other.
    [[nodiscard]] staging_id staging() const { return granted_.staging; }

    /// The writer as bytes, for the network and for who goes on after a crash.
    [[nodiscard]] std::string to_record() const { return encode(granted_); }
    /// `corrupt` if the bytes are no writer's.
    [[nodiscard]] static result<writer> from_record(std::string_view record) {
        auto granted = decode<grant>(record);
        if (!granted) return fail(errc::corrupt, "read writer", std::string{record}, "no writer");
        return writer{*granted};
    }

private:
    struct grant {
        node_id node;
        session_id session;
        lease_seq seq;
        staging_id staging;
    };
    template <client C, class More>
    friend result<writer> open_writer(C&& me, const file_node& was, timestamp expires,
                                      std::optional<staging_id> ready, const More& more);
    explicit writer(grant g) : granted_{g} {}

    grant granted_;
};

/// Says in the compiler's message which contract a call has left out.
template <class... Given>
struct contract_3_a_change_of_a_file_carries_its_state_and_lease_seq {
    static constexpr bool kept = true;
    static_assert(passes<file_node, Given...> || passes<writer, Given...>,
                  "casement: contract 3: pass the file_node that read_file_node gave where the "
                  "change was decided, or the writer that open_writer granted");
};

namespace detail {

[[nodiscard]] inline std::string number_of(node_id node) { return std::to_string(node.value); }

/// One commit that takes both rows from what was seen on to what the machines make of it.
template <client C, class O, class More = nothing_more>
result<O> move_on(C& me, const file_node& was, const event<protocol::file>& of_file,
                  const event<protocol::lease>& of_lease, change_kind what,
                  std::string_view operation, O outcome, const More& more = {}) {
    auto file = casement::apply<protocol::file>(was.file()->now, of_file);
    if (!file) return within(std::move(file), std::string{operation}, number_of(was.node()));
    auto lease = casement::apply<protocol::lease>(was.lease()->now, of_lease);
    if (!lease) return within(std::move(lease), std::string{operation}, number_of(was.node()));
    transaction t{me.rows()};
    t.replace(was.file(), file_row{*std::move(file)}, "the file is as it was seen");
    t.replace(was.lease(), lease_row{*std::move(lease)}, "the lease is as it was seen");
    more(t);
    auto made = me.commit(t, what, std::move(outcome));
    if (!made) return within(std::move(made), std::string{operation}, number_of(was.node()));
    return made;
}

[[nodiscard]] inline lease_seq seq_of(const file_node& f) {
    return std::visit([](const auto& s) { return s.seq; }, f.file()->now);
}

/// What refuses a writer, refuses it for good: another state, another lease, no file at all.
template <class T>
result<T> by_writer(result<T> used, std::string_view operation, node_id node) {
    if (used) return used;
    auto e = std::move(used).error();
    const bool over = e.code() == errc::not_found || e.code() == errc::illegal;
    e = std::move(e).within(std::string{operation}, number_of(node));
    return std::unexpected{over ? std::move(e).as(errc::fenced) : std::move(e)};
}

}  // namespace detail

/// Grants the lease of a file that nobody writes, until `expires` by whoever's clock reclaims it.
/// The writer has a session and a staging file of its own: `ready`, whose bytes are durable
/// already, or a number that was never given. `in_use` while another has the lease, `illegal` while
/// the file's object is being made, `conflict` if it is not as it was seen. `more` is guarded, too.
/// Reads no row.
template <client C, class More>
[[nodiscard]] result<writer> open_writer(C&& me, const file_node& was, timestamp expires,
                                         std::optional<staging_id> ready, const More& more) {
    if (std::holds_alternative<protocol::lease::held>(was.lease()->now))
        return fail(errc::in_use, "open writer", detail::number_of(was.node()),
                    "another has the lease");
    const auto session = me.template next<session_id>();
    if (!session) return std::unexpected{session.error()};
    const auto staging = ready ? result<staging_id>{*ready} : me.template next<staging_id>();
    if (!staging) return std::unexpected{staging.error()};
    const auto seq = detail::seq_of(was);
    auto granted = detail::move_on(me, was, protocol::file::reopen{seq, *staging},
                                   protocol::lease::grant{*session, seq, expires},
                                   change_kind::open_writer, "open writer",
                                   writer::grant{was.node(), *session, next(seq), *staging}, more);
    if (!granted) return passed(granted);
    return writer{*granted};
}

/// The same, with a staging file that nobody has made yet.
template <client C>
[[nodiscard]] result<writer> open_writer(C&& me, const file_node& was, timestamp expires) {
    return open_writer(me, was, expires, std::nullopt, nothing_more{});
}

/// Takes back a lease whose deadline has passed at `now`, so that another may be granted: the
/// writer is fenced, whatever its clock says, and what it wrote waits for the next. `in_use` before
/// the deadline, `conflict` if it was renewed meanwhile, `illegal` if nobody has it. Reads no row.
template <client C>
[[nodiscard]] result<void> reclaim(C&& me, const file_node& was, timestamp now) {
    const auto* held = std::get_if<protocol::lease::held>(&was.lease()->now);
    if (held != nullptr && held->expires.ns > now.ns)
        return fail(errc::in_use, "reclaim", detail::number_of(was.node()),
                    "its lease has not run out");
    const auto seq = detail::seq_of(was);
    const auto expires = held ? held->expires : timestamp{};
    auto made =
        detail::move_on(me, was, protocol::file::revoke{seq}, protocol::lease::expire{seq, expires},
                        change_kind::reclaim, "reclaim", done{});
    if (!made) return passed(made);
    return {};
}

/// Moves the deadline of the writer's lease. `fenced` if it is no longer the writer's; late, but
/// not yet reclaimed, is not too late. Moves the lease's row alone. Reads 1 row.
template <client C>
[[nodiscard]] result<void> renew(C&& me, const writer& w, timestamp expires) {
    auto was = read<lease_row>(me.rows(), w.node());
    if (!was) return passed(was);
    const auto now = was->exists() ? (*was)->now : state<protocol::lease>{};
    auto lease = detail::by_writer(casement::apply<protocol::lease>(
                                       now, protocol::lease::renew{w.session(), w.seq(), expires}),
                                   "renew", w.node());
    if (!lease) return passed(lease);
    transaction t{me.rows()};
    t.replace(*was, lease_row{*std::move(lease)}, "the lease is still the writer's");
    auto made = me.commit(t, change_kind::renew, done{});
    if (!made) return within(std::move(made), "renew", detail::number_of(w.node()));
    return {};
}

/// Whether the writer could write at that instant: asked after its bytes are durable, they were
/// written by right (SPEC F3). `fenced` if not. Reads 2 rows.
template <readable R>
[[nodiscard]] result<void> check_writer(const R& at, const writer& w) {
    auto now = detail::by_writer(read_file_node(at, w.node()), "check writer", w.node());
    if (!now) return passed(now);
    auto file = detail::by_writer(
        casement::apply<protocol::file>(now->file()->now, protocol::file::flush{w.seq()}),
        "check writer", w.node());
    if (!file) return passed(file);
    auto lease =
        detail::by_writer(casement::apply<protocol::lease>(
                              now->lease()->now, protocol::lease::use{w.session(), w.seq()}),
                          "check writer", w.node());
    if (!lease) return passed(lease);
    return {};
}

/// Gives the lease back: the file cools with what the writer has written. `fenced` if it was no
/// longer the writer's. Reads 2 rows.
template <client C>
[[nodiscard]] result<void> close_writer(C&& me, const writer& w) {
    auto was = detail::by_writer(read_file_node(me.rows().snapshot(), w.node()), "close", w.node());
    if (!was) return passed(was);
    auto made =
        detail::by_writer(detail::move_on(me, *was, protocol::file::close{w.seq()},
                                          protocol::lease::close{w.session(), w.seq()},
                                          change_kind::close_writer, "close writer", done{}),
                          "close", w.node());
    if (!made) return passed(made);
    return {};
}

// Calls that leave out what they expect: each ends in the message of its contract.

template <client C, class... Given>
    requires(!passes<file_node, Given...>)
result<writer> open_writer(C&&, const Given&...) {
    static_assert(contract_3_a_change_of_a_file_carries_its_state_and_lease_seq<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<file_node, Given...>)
result<void> reclaim(C&&, const Given&...) {
    static_assert(contract_3_a_change_of_a_file_carries_its_state_and_lease_seq<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<writer, Given...>)
result<void> close_writer(C&&, const Given&...) {
    static_assert(contract_3_a_change_of_a_file_carries_its_state_and_lease_seq<Given...>::kept);
    std::unreachable();
}

}  // namespace casement::tree
