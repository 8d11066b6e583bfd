// expected: casement: contract 2: pass a seen_name for the source and one for the destination
#include <casement/kv/memory.hpp>
#include <casement/tree/rename.hpp>

using namespace casement;

auto go_back(recorded<memory_store>& me, const tree::directory& parent,
             const tree::seen_name& name) {
    return tree::set_aside(me, tree::at_rev{parent}, name, "x.old",
                           protocol::dentry::create_object{}, tree::facts{});
}
