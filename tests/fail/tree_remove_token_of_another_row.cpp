// expected: casement: contract 2: pass the seen<entry>
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto removed(memory_store& kv, const tree::directory& parent) {
    return tree::remove(kv, tree::at_rev{parent}, parent.head());
}
