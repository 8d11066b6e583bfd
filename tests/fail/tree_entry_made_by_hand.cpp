// expected: an entry made by hand proves nothing
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto removed(recorded<memory_store>& me, const tree::directory& parent) {
    const tree::entry believed{protocol::dentry::object{}, tree::generation{7}, {}};
    return tree::remove(me, tree::at_rev{parent}, believed);
}
