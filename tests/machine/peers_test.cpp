#include <array>
#include <string>

#include <gtest/gtest.h>

#include "machine/machine_laws.hpp"
#include "machine/peers/lease_peers.hpp"
#include "support/property.hpp"

// What is compared with Casement's machine answers as it does: else it would be no comparison.

namespace casement::testing::peers_test {
namespace {

TEST(Peers, AnswerAlikeToAnyEventInAnyState) {
    const auto peers =
        std::array{&by_switch::apply_lease, &by_visit::apply_lease, &by_table::apply_lease};
    law("any state, any event", [&] {
        const auto now = arbitrary_state<lease>();
        const auto by = arbitrary_event<lease>();
        const auto ours = by_casement::apply_lease(now, by);
        RC_TAG(ours ? "taken" : std::string{name_of(ours.error().code())});
        for (const auto peer : peers) {
            const bool alike = peer(now, by) == ours;
            RC_ASSERT(alike);
        }
    });
}

template <class S, class E, class To>
void steps_alike(result<To> (*ours)(const S&, const E&),
                 result<To> (*by_hand)(const S&, const E&)) {
    law(std::string{name_of<S>()} + " on " + std::string{name_of<E>()}, [&] {
        const auto s = arbitrary<S>();
        const auto e = arbitrary<E>();
        const bool alike = ours(s, e) == by_hand(s, e);
        RC_ASSERT(alike);
    });
}

TEST(Peers, StepAlike) {
    steps_alike(&by_casement::step_grant, &by_switch::step_grant);
    steps_alike(&by_casement::step_use, &by_switch::step_use);
    steps_alike(&by_casement::step_renew, &by_switch::step_renew);
    steps_alike(&by_casement::step_close, &by_switch::step_close);
    steps_alike(&by_casement::step_expire, &by_switch::step_expire);
    steps_alike(&by_casement::step_revoke, &by_switch::step_revoke);
}

}  // namespace
}  // namespace casement::testing::peers_test
