// expected: casement: contract 1: pass at_rev{directory} or any_rev{directory}
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>

using namespace casement;

auto hide(recorded<memory_store>& me, const tree::directory& parent, const tree::seen_name& name,
          const tree::directory& mounted) {
    return tree::unmount(me, parent, name, mounted);
}
