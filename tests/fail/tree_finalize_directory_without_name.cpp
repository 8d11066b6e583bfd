// expected: contract 2
#include <casement/kv/memory.hpp>
#include <casement/tree/overlay.hpp>

using namespace casement;

result<tree::generation> seal(recorded<memory_store>& me, const tree::image& merged,
                              const seen<tree::binding>& bound, const tree::directory& parent) {
    return tree::finalize_directory(me, merged, bound, tree::any_rev{parent});
}
