// expected: illegal_transition<.*dentry, .*from<.*dentry::tombstone>, .*on<.*dentry::lift_object>
// The base shows through a name that was deleted above it.
#include <casement/machine/step.hpp>
#include <casement/protocol/dentry.hpp>

using casement::protocol::dentry;

auto lifted = casement::step<dentry>(dentry::tombstone{}, dentry::lift_object{});
