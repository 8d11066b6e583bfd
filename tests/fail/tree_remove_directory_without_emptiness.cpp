// expected: casement: contract of life: pass the emptiness
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto removed(memory_store& kv, const tree::directory& parent, const seen<tree::entry>& old) {
    return tree::remove_directory(kv, tree::at_rev{parent}, old);
}
