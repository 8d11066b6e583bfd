// expected: (no match for [^o]*operator<|invalid operands to binary expression)
// A newer lease is another one, never a greater one (STYLE: ids offer equality only).
#include <casement/protocol/ids.hpp>

bool newer = casement::protocol::lease_seq{1} < casement::protocol::lease_seq{2};
