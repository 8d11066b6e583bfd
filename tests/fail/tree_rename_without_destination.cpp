// expected: casement: contract 2: pass a seen<entry> for the source and one for the destination
#include <casement/kv/memory.hpp>
#include <casement/tree/rename.hpp>

using namespace casement;

auto moved(recorded<memory_store>& me, const tree::directory& parent,
           const seen<tree::entry>& source) {
    return tree::rename(me, tree::at_rev{parent}, source, tree::at_rev{parent}, "y");
}
