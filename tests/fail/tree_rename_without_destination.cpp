// expected: casement: contract 2: pass a seen_name for the source and one for the destination
#include <casement/kv/memory.hpp>
#include <casement/tree/rename.hpp>

using namespace casement;

auto moved(recorded<memory_store>& me, const tree::directory& parent,
           const tree::seen_name& source) {
    return tree::rename(me, tree::at_rev{parent}, source, tree::at_rev{parent}, "y");
}
