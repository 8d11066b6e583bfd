// expected: casement: contract of shape: pass the ancestry
#include <casement/kv/memory.hpp>
#include <casement/tree/rename.hpp>

using namespace casement;

auto moved(recorded<memory_store>& me, const tree::directory& parent,
           const tree::seen_name& source, const tree::seen_name& destination) {
    return tree::rename_directory(me, tree::at_rev{parent}, source, tree::at_rev{parent},
                                  destination);
}
