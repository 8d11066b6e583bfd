// expected: illegal_transition<.*tombstone>.*finalize>.*legal_events_here<.*create_node
// A finalizer that comes too late brings a deleted name back (SPEC F16, race 1).
#include <casement/machine/step.hpp>
#include <casement/protocol/dentry.hpp>

using casement::protocol::dentry;

auto back = casement::step<dentry>(dentry::tombstone{}, dentry::finalize{});
