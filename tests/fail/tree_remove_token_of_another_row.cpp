// expected: casement: contract 2: pass the seen_name
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto removed(recorded<memory_store>& me, const tree::directory& parent) {
    return tree::remove(me, tree::at_rev{parent}, parent.head());
}
