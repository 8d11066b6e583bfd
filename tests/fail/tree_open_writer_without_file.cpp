// expected: casement: contract 3: pass the file_node that read_file_node gave
#include <casement/kv/memory.hpp>
#include <casement/tree/writer.hpp>

using namespace casement;

auto opened(recorded<memory_store>& me, tree::node_id node) {
    return tree::open_writer(me, node, timestamp{});
}
