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

using me_type = recorded<memory_store>;
using dentry = protocol::dentry;

template <class P>
bool all(me_type& me, const P& p, const seen_name& x, const seen_name& y, const ancestry& up,
         const emptiness& empty) {
    return create(me, p, "x", dentry::create_symlink{"to"}, {}) &&
           create_directory(me, p, "x", {}) &&
           replace_target(me, p, x, dentry::replace_object{}, {}) &&
           set_facts(me, p, x, 0600, {}) && tree::remove(me, p, x) &&
           remove_directory(me, p, x, empty) && tree::rename(me, p, x, p, y) &&
           rename_directory(me, p, x, p, y, up);
}

template bool all(me_type&, const any_rev&, const seen_name&, const seen_name&, const ancestry&,
                  const emptiness&);
template bool all(me_type&, const at_rev&, const seen_name&, const seen_name&, const ancestry&,
                  const emptiness&);

bool rest(me_type& me, const directory& at) {
    return ensure_path(me, "/x/y", {}) && resolve(me.rows(), "/x/y") && list(me.rows(), root) &&
           set_directory_facts(me, at, 0700, {});
}
