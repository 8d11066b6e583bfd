// expected: illegal_transition<casement::protocol::staging, *casement::from<casement::protocol::staging::sealed>, *casement::on<casement::protocol::staging::write>
// Bytes that have a hash are not written any more (SPEC F4f, W1).
#include <casement/machine/step.hpp>
#include <casement/protocol/staging.hpp>

using casement::protocol::staging;

auto longer = casement::step<staging>(staging::sealed{}, staging::write{1});
