// expected: contract 2
#include <casement/kv/memory.hpp>
#include <casement/tree/overlay.hpp>

using namespace casement;

result<tree::created> open(recorded<memory_store>& me, const tree::directory& parent) {
    return tree::instantiate_directory(me, tree::any_rev{parent}, "name");
}
