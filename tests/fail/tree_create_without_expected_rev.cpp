// expected: casement: contract 1: pass at_rev{directory} or any_rev{directory}
#include <casement/kv/memory.hpp>
#include <casement/tree/create.hpp>

using namespace casement;

auto made(recorded<memory_store>& me, const tree::directory& parent) {
    return tree::create(me, parent, "x", protocol::dentry::create_object{}, {});
}
