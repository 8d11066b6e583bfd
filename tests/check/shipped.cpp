// Every operation, as a user compiles it; see shipped_test.py.

#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/ensure_path.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/rename.hpp>

using namespace casement;
using namespace casement::tree;

using kv = memory_store;
using ids = id_blocks<memory_store>;
using dentry = protocol::dentry;

template <class P>
bool all(kv& s, ids& i, const P& p, const seen<entry>& x, const seen<entry>& y, const ancestry& up,
         const emptiness& empty) {
    return create(s, i, p, "x", dentry::create_symlink{"to"}, {}) &&
           create_directory(s, i, p, "x", {}) &&
           replace_target(s, i, p, x, dentry::replace_object{}, {}) &&
           set_facts(s, p, x, 0600, {}) && tree::remove(s, p, x) &&
           remove_directory(s, p, x, empty) && tree::rename(s, i, p, x, p, y) &&
           rename_directory(s, i, p, x, p, y, up);
}

template bool all(kv&, ids&, const any_rev&, const seen<entry>&, const seen<entry>&,
                  const ancestry&, const emptiness&);
template bool all(kv&, ids&, const at_rev&, const seen<entry>&, const seen<entry>&, const ancestry&,
                  const emptiness&);

bool rest(kv& s, ids& i, const directory& at) {
    return ensure_path(s, i, "/x/y", {}) && resolve(s, "/x/y") && list(s, root) &&
           set_directory_facts(s, at, 0700, {});
}
