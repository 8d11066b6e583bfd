// By std::visit over state and event at once, with an overload for each line of the table.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "lease_peers.hpp"

namespace casement::testing::by_visit {

namespace {

using free = lease::free;
using held = lease::held;
using answer = result<lease_state>;

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};

[[gnu::cold, gnu::noinline]] answer refused(std::string_view event, std::string_view field,
                                            std::uint64_t is, std::uint64_t expected) {
    return fail(errc::fenced, "lease", {},
                std::string{event} + " refused: " + std::string{field} + " is " +
                    std::to_string(is) + ", not " + std::to_string(expected));
}

[[gnu::cold, gnu::noinline]] answer another_deadline() {
    return fail(errc::conflict, "lease", {}, "expire refused: timestamp is another");
}

[[gnu::cold, gnu::noinline]] answer illegal(std::string_view state, std::string_view event) {
    return fail(errc::illegal, "lease", {},
                "no transition from " + std::string{state} + " on " + std::string{event});
}

/// `then`, where the event comes from the holder.
template <class E>
answer by_holder(const held& s, const E& e, std::string_view event, const lease_state& then) {
    if (s.seq != e.seq) return refused(event, "lease_seq", s.seq.value, e.seq.value);
    if (s.session != e.session) return refused(event, "session", s.session.value, e.session.value);
    return then;
}

}  // namespace

answer apply_lease(const lease_state& now, const lease_event& by) {
    return std::visit(
        overloaded{[](const free& s, const lease::grant& e) -> answer {
                       if (s.seq != e.seq)
                           return refused("grant", "lease_seq", s.seq.value, e.seq.value);
                       return held{e.session, next(s.seq), e.expires};
                   },
                   [](const held& s, const lease::use& e) { return by_holder(s, e, "use", s); },
                   [](const held& s, const lease::renew& e) {
                       return by_holder(s, e, "renew", held{s.session, s.seq, e.expires});
                   },
                   [](const held& s, const lease::close& e) {
                       return by_holder(s, e, "close", free{s.seq});
                   },
                   [](const held& s, const lease::expire& e) -> answer {
                       if (s.seq != e.seq)
                           return refused("expire", "lease_seq", s.seq.value, e.seq.value);
                       if (s.expires != e.expires) return another_deadline();
                       return free{next(s.seq)};
                   },
                   [](const held& s, const lease::revoke& e) -> answer {
                       if (s.seq != e.seq)
                           return refused("revoke", "lease_seq", s.seq.value, e.seq.value);
                       return free{next(s.seq)};
                   },
                   []<class S, class E>(const S&, const E&) -> answer {
                       return illegal(name_of<S>(), name_of<E>());
                   }},
        now, by);
}

}  // namespace casement::testing::by_visit
