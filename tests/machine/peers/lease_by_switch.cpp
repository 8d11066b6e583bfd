// By hand: a switch over the state, and in it over the event; what is refused is said elsewhere.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "lease_peers.hpp"

namespace casement::testing::by_switch {

namespace {

using free = lease::free;
using held = lease::held;

struct words {
    std::string_view event, field;
};
constexpr words grant_seq{"grant", "lease_seq"}, use_seq{"use", "lease_seq"},
    use_session{"use", "session"}, renew_seq{"renew", "lease_seq"},
    renew_session{"renew", "session"}, close_seq{"close", "lease_seq"},
    close_session{"close", "session"}, expire_seq{"expire", "lease_seq"},
    revoke_seq{"revoke", "lease_seq"};

[[gnu::cold, gnu::noinline]] error not_seen(const words& of, std::uint64_t is,
                                            std::uint64_t expected) {
    return {errc::fenced,
            "lease",
            {},
            std::string{of.event} + " refused: " + std::string{of.field} + " is " +
                std::to_string(is) + ", not " + std::to_string(expected)};
}

template <class To>
[[gnu::cold, gnu::noinline]] result<To> refused(const words& of, std::uint64_t is,
                                                std::uint64_t expected) {
    return std::unexpected{not_seen(of, is, expected)};
}

template <class To>
[[gnu::cold, gnu::noinline]] result<To> another_deadline() {
    return fail(errc::conflict, "lease", {}, "expire refused: timestamp is another");
}

[[gnu::cold, gnu::noinline]] result<lease_state> illegal(const lease_state& now,
                                                         const lease_event& by) {
    static constexpr std::string_view states[] = {"free", "held"};
    static constexpr std::string_view events[] = {"grant", "use",    "renew",
                                                  "close", "expire", "revoke"};
    return fail(errc::illegal, "lease", {},
                "no transition from " + std::string{states[now.index()]} + " on " +
                    std::string{events[by.index()]});
}

}  // namespace

result<lease_state> apply_lease(const lease_state& now, const lease_event& by) {
    switch (now.index()) {
        case 0: {
            const auto& s = *std::get_if<free>(&now);
            switch (by.index()) {
                case 0: {
                    const auto& e = *std::get_if<lease::grant>(&by);
                    if (s.seq != e.seq)
                        return refused<lease_state>(grant_seq, s.seq.value, e.seq.value);
                    return held{e.session, next(s.seq), e.expires};
                }
                default: break;
            }
            break;
        }
        case 1: {
            const auto& s = *std::get_if<held>(&now);
            switch (by.index()) {
                case 1: {
                    const auto& e = *std::get_if<lease::use>(&by);
                    if (s.seq != e.seq)
                        return refused<lease_state>(use_seq, s.seq.value, e.seq.value);
                    if (s.session != e.session)
                        return refused<lease_state>(use_session, s.session.value, e.session.value);
                    return s;
                }
                case 2: {
                    const auto& e = *std::get_if<lease::renew>(&by);
                    if (s.seq != e.seq)
                        return refused<lease_state>(renew_seq, s.seq.value, e.seq.value);
                    if (s.session != e.session)
                        return refused<lease_state>(renew_session, s.session.value,
                                                    e.session.value);
                    return held{s.session, s.seq, e.expires};
                }
                case 3: {
                    const auto& e = *std::get_if<lease::close>(&by);
                    if (s.seq != e.seq)
                        return refused<lease_state>(close_seq, s.seq.value, e.seq.value);
                    if (s.session != e.session)
                        return refused<lease_state>(close_session, s.session.value,
                                                    e.session.value);
                    return free{s.seq};
                }
                case 4: {
                    const auto& e = *std::get_if<lease::expire>(&by);
                    if (s.seq != e.seq)
                        return refused<lease_state>(expire_seq, s.seq.value, e.seq.value);
                    if (s.expires != e.expires) return another_deadline<lease_state>();
                    return free{next(s.seq)};
                }
                case 5: {
                    const auto& e = *std::get_if<lease::revoke>(&by);
                    if (s.seq != e.seq)
                        return refused<lease_state>(revoke_seq, s.seq.value, e.seq.value);
                    return free{next(s.seq)};
                }
                default: break;
            }
            break;
        }
        default: break;
    }
    return illegal(now, by);
}

result<held> step_grant(const free& s, const lease::grant& e) {
    if (s.seq != e.seq) return refused<held>(grant_seq, s.seq.value, e.seq.value);
    return held{e.session, next(s.seq), e.expires};
}
result<held> step_use(const held& s, const lease::use& e) {
    if (s.seq != e.seq) return refused<held>(use_seq, s.seq.value, e.seq.value);
    if (s.session != e.session) return refused<held>(use_session, s.session.value, e.session.value);
    return s;
}
result<held> step_renew(const held& s, const lease::renew& e) {
    if (s.seq != e.seq) return refused<held>(renew_seq, s.seq.value, e.seq.value);
    if (s.session != e.session)
        return refused<held>(renew_session, s.session.value, e.session.value);
    return held{s.session, s.seq, e.expires};
}
result<free> step_close(const held& s, const lease::close& e) {
    if (s.seq != e.seq) return refused<free>(close_seq, s.seq.value, e.seq.value);
    if (s.session != e.session)
        return refused<free>(close_session, s.session.value, e.session.value);
    return free{s.seq};
}
result<free> step_expire(const held& s, const lease::expire& e) {
    if (s.seq != e.seq) return refused<free>(expire_seq, s.seq.value, e.seq.value);
    if (s.expires != e.expires) return another_deadline<free>();
    return free{next(s.seq)};
}
result<free> step_revoke(const held& s, const lease::revoke& e) {
    if (s.seq != e.seq) return refused<free>(revoke_seq, s.seq.value, e.seq.value);
    return free{next(s.seq)};
}

}  // namespace casement::testing::by_switch
