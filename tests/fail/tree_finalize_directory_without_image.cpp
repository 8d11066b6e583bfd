// expected: contract of life: pass the image that read_image gave
#include <casement/kv/memory.hpp>
#include <casement/tree/overlay.hpp>

using namespace casement;

result<tree::generation> seal(recorded<memory_store>& me, const tree::directory& parent,
                              const seen<tree::binding>& bound, const tree::seen_name& name) {
    return tree::finalize_directory(me, bound, tree::any_rev{parent}, name);
}
