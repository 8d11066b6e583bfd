// expected: casement: contract 2: pass the seen<entry>
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto replaced(memory_store& kv, id_blocks<memory_store>& ids, const tree::directory& parent) {
    return tree::replace_target(kv, ids, tree::at_rev{parent}, "x",
                                protocol::dentry::replace_object{}, tree::facts{});
}
