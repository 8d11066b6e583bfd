// expected: casement: contract 1: pass at_rev{directory} or any_rev{directory}
#include <casement/kv/memory.hpp>
#include <casement/tree/create.hpp>

using namespace casement;

auto shown(recorded<memory_store>& me, const tree::directory& parent, const tree::obj_id& what) {
    return tree::mount(me, parent, "x", what, {});
}
