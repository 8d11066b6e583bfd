// expected: illegal_transition<.*staging, .*from<.*staging::sealed>, .*on<.*staging::write>
// Bytes that have a hash are not written any more (SPEC F4f, W1).
#include <casement/machine/step.hpp>
#include <casement/protocol/staging.hpp>

using casement::protocol::staging;

auto longer = casement::step<staging>(staging::sealed{}, staging::write{1});
