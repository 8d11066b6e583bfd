// expected: (could not|cannot|no viable) conver.*generation
// A generation is no node.
#include <casement/protocol/dentry.hpp>

using casement::protocol::dentry;

dentry::create_node made{casement::protocol::generation{7}};
