// expected: (cannot convert|no known conversion from).*layer_tag
#include <casement/kv/memory.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/rows.hpp>

using namespace casement;

auto put(memory_store& kv, tree::layer_id layer) {
    return transaction{kv}.put<tree::binding>(layer, {}).commit();
}
