// expected: no matching (function|constructor)
#include <casement/tree/writer.hpp>

using namespace casement;

tree::writer believed{tree::node_id{7}, tree::session_id{1}, tree::lease_seq{1}};
