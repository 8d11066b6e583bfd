// expected: casement: contract 3: pass the file_node that read_file_node gave
#include <casement/kv/memory.hpp>
#include <casement/tree/finalize.hpp>

using namespace casement;

auto made(recorded<memory_store>& me, const tree::directory& parent,
          const tree::seen_name& name) {
    return tree::finalize(me, tree::at_rev{parent}, name, tree::obj_id{}, tree::facts{});
}
