// expected: casement: contract of life: pass the emptiness
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto removed(recorded<memory_store>& me, const tree::directory& parent,
             const tree::seen_name& old) {
    return tree::remove_directory(me, tree::at_rev{parent}, old);
}
