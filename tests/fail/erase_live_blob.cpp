// expected: illegal_transition<.*blob, .*from<.*blob::live>, .*on<.*blob::erase>
// Collection condemns first (DESIGN D10).
#include <casement/machine/step.hpp>
#include <casement/protocol/blob.hpp>

using casement::protocol::blob;

auto gone = casement::step<blob>(blob::live{}, blob::erase{});
