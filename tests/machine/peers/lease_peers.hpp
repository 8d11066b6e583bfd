#pragma once
// The lease's machine written several ways, each to the same answers, errors included: the table
// that Casement compiles, a switch by hand, std::visit over overloads, and a table of transitions
// in the style of Boost.SML. What they cost is compared; that they agree, tested.

#include <casement/core/error.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/lease.hpp>

namespace casement::testing {

using lease = protocol::lease;
using lease_state = state<lease>;
using lease_event = event<lease>;

/// The run-time face: any state, any event.
namespace by_casement {
result<lease_state> apply_lease(const lease_state& now, const lease_event& by);
}
namespace by_switch {
result<lease_state> apply_lease(const lease_state& now, const lease_event& by);
}
namespace by_visit {
result<lease_state> apply_lease(const lease_state& now, const lease_event& by);
}
namespace by_table {
result<lease_state> apply_lease(const lease_state& now, const lease_event& by);
}

/// The compile-time face: each legal pair.
namespace by_casement {
result<lease::held> step_grant(const lease::free& now, const lease::grant& by);
result<lease::held> step_use(const lease::held& now, const lease::use& by);
result<lease::held> step_renew(const lease::held& now, const lease::renew& by);
result<lease::free> step_close(const lease::held& now, const lease::close& by);
result<lease::free> step_expire(const lease::held& now, const lease::expire& by);
result<lease::free> step_revoke(const lease::held& now, const lease::revoke& by);
}  // namespace by_casement
namespace by_switch {
result<lease::held> step_grant(const lease::free& now, const lease::grant& by);
result<lease::held> step_use(const lease::held& now, const lease::use& by);
result<lease::held> step_renew(const lease::held& now, const lease::renew& by);
result<lease::free> step_close(const lease::held& now, const lease::close& by);
result<lease::free> step_expire(const lease::held& now, const lease::expire& by);
result<lease::free> step_revoke(const lease::held& now, const lease::revoke& by);
}  // namespace by_switch

}  // namespace casement::testing
