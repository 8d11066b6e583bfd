// expected: contract of life: pass the image that read_image gave
#include <casement/kv/memory.hpp>
#include <casement/tree/overlay.hpp>

using namespace casement;

result<void> shorten(recorded<memory_store>& me, const tree::directory& dir) {
    return tree::rebase(me, dir);
}
