// expected: illegal_transition<.*lease::free>.*lease::close>.*legal_events_here<.*lease::grant ?>
#include <casement/machine/step.hpp>
#include <casement/protocol/lease.hpp>

using casement::protocol::lease;

auto closed = casement::step<lease>(lease::free{}, lease::close{});
