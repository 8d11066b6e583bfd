// expected: casement: contract 2: pass the seen_name
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto replaced(recorded<memory_store>& me, const tree::directory& parent) {
    return tree::replace_target(me, tree::at_rev{parent}, "x", protocol::dentry::replace_object{},
                                tree::facts{});
}
