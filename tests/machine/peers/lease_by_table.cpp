// By a table of transitions in the style of Boost.SML.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lease_peers.hpp"
#include "transition_table.hpp"

namespace casement::testing::by_table {

namespace {

using free = lease::free;
using held = lease::held;

[[gnu::cold, gnu::noinline]] error not_seen(std::string_view event, std::string_view field,
                                            std::uint64_t is, std::uint64_t expected) {
    return {errc::fenced,
            "lease",
            {},
            std::string{event} + " refused: " + std::string{field} + " is " + std::to_string(is) +
                ", not " + std::to_string(expected)};
}

template <class Id, class E>
std::optional<error> same(Id is, Id expected, const E&) {
    if (is == expected) return {};
    return not_seen(name_of<E>(), Id::name, is.value, expected.value);
}

constexpr auto in_turn = [](const auto& s, const auto& e) { return same(s.seq, e.seq, e); };
constexpr auto by_holder = [](const held& s, const auto& e) {
    auto refused = in_turn(s, e);
    return refused ? refused : same(s.session, e.session, e);
};
constexpr auto at_deadline = [](const held& s, const lease::expire& e) -> std::optional<error> {
    if (auto refused = in_turn(s, e)) return refused;
    if (s.expires == e.expires) return {};
    return error{errc::conflict, "lease", {}, "expire refused: timestamp is another"};
};

}  // namespace

result<lease_state> apply_lease(const lease_state& now, const lease_event& by) {
    using table::from, table::on;
    using grant = lease::grant;
    using use = lease::use;
    using renew = lease::renew;
    using close = lease::close;
    using expire = lease::expire;
    using revoke = lease::revoke;
    // clang-format off
    static const auto machine = table::table_of<lease_state>("lease",
        from<free> + on<grant>  [in_turn]     / [](const free& s, const grant& e) {
            return held{e.session, next(s.seq), e.expires};
        },
        from<held> + on<use>    [by_holder]   / [](const held& s, const use&) { return s; },
        from<held> + on<renew>  [by_holder]   / [](const held& s, const renew& e) {
            return held{s.session, s.seq, e.expires};
        },
        from<held> + on<close>  [by_holder]   / [](const held& s, const close&) {
            return free{s.seq};
        },
        from<held> + on<expire> [at_deadline] / [](const held& s, const expire&) {
            return free{next(s.seq)};
        },
        from<held> + on<revoke> [in_turn]     / [](const held& s, const revoke&) {
            return free{next(s.seq)};
        });
    // clang-format on
    return machine.process_any(now, by);
}

}  // namespace casement::testing::by_table
