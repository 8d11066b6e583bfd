// expected: (is private within this context|calling a private constructor of class 'casement::seen)
#include <casement/tree/rows.hpp>

casement::seen<casement::tree::entry> believed{};
