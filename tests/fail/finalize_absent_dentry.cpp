// expected: casement: this machine has no transition from this state on this event
// Publishing under a name that is not there.
#include <casement/machine/step.hpp>
#include <casement/protocol/dentry.hpp>

using casement::protocol::dentry;

auto published = casement::step<dentry>(dentry::absent{}, dentry::finalize{});
