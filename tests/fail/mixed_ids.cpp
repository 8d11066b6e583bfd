// expected: (could not convert|no viable conversion|cannot convert).*(strong<casement::protocol::generation_tag>|generation)
// A generation is no node.
#include <casement/protocol/dentry.hpp>

using casement::protocol::dentry;

dentry::create_node made{casement::protocol::generation{7}};
