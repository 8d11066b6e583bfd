// expected: casement: contract 1: pass at_rev{directory} or any_rev{directory}
#include <casement/kv/memory.hpp>
#include <casement/tree/create.hpp>

using namespace casement;

// Whoever only knows the node has decided nothing about what is in it.
auto made(recorded<memory_store>& me, tree::node_id parent) {
    return tree::create_directory(me, parent, "x", {});
}
