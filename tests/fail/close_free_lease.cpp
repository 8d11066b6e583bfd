// expected: illegal_transition<casement::protocol::lease, *casement::from<casement::protocol::lease::free>, *casement::on<casement::protocol::lease::close>, *casement::legal_events_here<casement::protocol::lease::grant> ?>
#include <casement/machine/step.hpp>
#include <casement/protocol/lease.hpp>

using casement::protocol::lease;

auto closed = casement::step<lease>(lease::free{}, lease::close{});
