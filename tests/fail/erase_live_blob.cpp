// expected: illegal_transition<casement::protocol::blob, *casement::from<casement::protocol::blob::live>, *casement::on<casement::protocol::blob::erase>
// Collection condemns first (DESIGN D10).
#include <casement/machine/step.hpp>
#include <casement/protocol/blob.hpp>

using casement::protocol::blob;

auto gone = casement::step<blob>(blob::live{}, blob::erase{});
