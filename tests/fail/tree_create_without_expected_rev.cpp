// expected: casement: contract 1: pass at_rev{directory} or any_rev{directory}
#include <casement/kv/memory.hpp>
#include <casement/tree/create.hpp>

using namespace casement;

auto made(memory_store& kv, id_blocks<memory_store>& ids, const tree::directory& parent) {
    return tree::create(kv, ids, parent, "x", protocol::dentry::create_object{}, {});
}
