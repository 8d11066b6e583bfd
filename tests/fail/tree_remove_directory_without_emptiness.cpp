// expected: casement: contract of life: pass the emptiness
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto removed(recorded<memory_store>& me, const tree::directory& parent,
             const seen<tree::entry>& old) {
    return tree::remove_directory(me, tree::at_rev{parent}, old);
}
