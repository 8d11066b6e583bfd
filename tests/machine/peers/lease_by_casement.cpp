#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>

#include "lease_peers.hpp"

namespace casement::testing::by_casement {

// Inlined here, as the switch by hand is written there.
[[gnu::flatten]] result<lease_state> apply_lease(const lease_state& now, const lease_event& by) {
    return apply<lease>(now, by);
}

result<lease::held> step_grant(const lease::free& now, const lease::grant& by) {
    return step<lease>(now, by);
}
result<lease::held> step_use(const lease::held& now, const lease::use& by) {
    return step<lease>(now, by);
}
result<lease::held> step_renew(const lease::held& now, const lease::renew& by) {
    return step<lease>(now, by);
}
result<lease::free> step_close(const lease::held& now, const lease::close& by) {
    return step<lease>(now, by);
}
result<lease::free> step_expire(const lease::held& now, const lease::expire& by) {
    return step<lease>(now, by);
}
result<lease::free> step_revoke(const lease::held& now, const lease::revoke& by) {
    return step<lease>(now, by);
}

}  // namespace casement::testing::by_casement
