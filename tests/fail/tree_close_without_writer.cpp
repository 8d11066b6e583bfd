// expected: casement: contract 3: pass the file_node that read_file_node gave
#include <casement/kv/memory.hpp>
#include <casement/tree/writer.hpp>

using namespace casement;

// Whoever only knows the node may be another than the one who has the lease.
auto closed(recorded<memory_store>& me, tree::node_id node) { return tree::close_writer(me, node); }
