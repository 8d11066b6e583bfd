// expected: casement: contract of shape: pass the ancestry
#include <casement/kv/memory.hpp>
#include <casement/tree/rename.hpp>

using namespace casement;

auto moved(recorded<memory_store>& me, const tree::directory& parent,
           const seen<tree::entry>& source, const seen<tree::entry>& destination) {
    return tree::rename_directory(me, tree::at_rev{parent}, source, tree::at_rev{parent},
                                  destination);
}
