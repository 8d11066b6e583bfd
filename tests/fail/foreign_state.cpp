// expected: casement: this type is no state of this machine
#include <casement/machine/step.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/staging.hpp>

using casement::protocol::blob;
using casement::protocol::staging;

auto mixed = casement::step<blob>(staging::open{}, blob::publish{});
