// expected: illegal_transition<casement::protocol::dentry, *casement::from<casement::protocol::dentry::tombstone>, *casement::on<casement::protocol::dentry::finalize>, *casement::legal_events_here<casement::protocol::dentry::create_node
// A finalizer that comes too late brings a deleted name back (SPEC F16, race 1).
#include <casement/machine/step.hpp>
#include <casement/protocol/dentry.hpp>

using casement::protocol::dentry;

auto back = casement::step<dentry>(dentry::tombstone{}, dentry::finalize{});
