// expected: (invalid initialization of reference|no matching function for call|no known conversion)
#include <casement/machine/apply.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/staging.hpp>

using casement::protocol::blob;
using casement::protocol::staging;

auto mixed = casement::apply<blob>(staging::open{}, blob::publish{});
