// expected: casement: this type is no event of this machine
#include <casement/machine/step.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/lease.hpp>

using casement::protocol::dentry;
using casement::protocol::lease;

auto mixed = casement::step<dentry>(dentry::inode{}, lease::close{});
