#pragma once
// The hand that plants trees for tests: paths instead of tokens, and an exception (which fails the
// test) instead of an error. Not the way to use the tree; see the tests for that.

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/rename.hpp>

namespace casement::testing {

using namespace casement::tree;
using dentry = protocol::dentry;

/// The value of what must go well.
template <class T>
T must(result<T> r) {
    if (!r) throw std::runtime_error{r.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(r);
}

/// The code of what must go wrong.
template <class T>
errc code_of(const result<T>& r) {
    if (r) throw std::runtime_error{"it went well, and must not"};
    return r.error().code();
}

/// The `n`th of some objects that are all different.
inline obj_id object(std::uint8_t n, std::uint8_t kind = obj_id::file) {
    obj_id id{.kind = kind};
    id.digest.back() = std::byte{n};
    return id;
}

inline dentry::create_object file(std::uint8_t n = 1) { return {object(n)}; }
inline dentry::create_symlink link(std::string to) { return {std::move(to)}; }

template <store S>
class hand {
public:
    explicit hand(S& store) : kv{store}, ids{store}, me{kv, ids} {
        if (must(read<head>(kv, root)).exists()) return;
        must(create_root(kv, {}));
        must(ids.next());  // so that a count sees no block being taken
    }

    /// The directory at a path.
    [[nodiscard]] directory dir(std::string_view path = "/") const {
        const auto at = must(resolve(kv, path));
        if (at.node() == nullptr) throw std::runtime_error{std::string{path} + " is none"};
        return must(read_directory(kv, *at.node()));
    }
    /// The token of a path's last name, which may be free; a link is kept.
    [[nodiscard]] seen_name name(std::string_view path) const {
        const auto cut = path.rfind('/');
        return must(look_up(kv, dir(path.substr(0, cut)), path.substr(cut + 1)));
    }
    [[nodiscard]] node_id node(std::string_view path) const { return dir(path).node(); }
    [[nodiscard]] std::uint64_t rev(std::string_view path = "/") const {
        return dir(path).rev()->n.value;
    }

    created make(std::string_view path, const leaf& what = file(), facts about = {}) {
        const auto cut = path.rfind('/');
        return std::get<created>(
            must(create(me, any_rev{dir(path.substr(0, cut))}, path.substr(cut + 1), what, about)));
    }
    created mkdir(std::string_view path) {
        const auto cut = path.rfind('/');
        return std::get<created>(must(
            create_directory(me, any_rev{dir(path.substr(0, cut))}, path.substr(cut + 1), {})));
    }
    void rmdir(std::string_view path) {
        const auto cut = path.rfind('/');
        must(remove_directory(me, any_rev{dir(path.substr(0, cut))}, name(path),
                              must(see_empty(kv, node(path)))));
    }
    void replace(std::string_view path, std::uint8_t by) {
        const auto cut = path.rfind('/');
        must(replace_target(me, any_rev{dir(path.substr(0, cut))}, name(path),
                            dentry::replace_object{object(by)}, {}));
    }
    /// Writes a row as no operation would.
    template <row R>
    void plant(const typename R::key& key, const R& value) {
        must(transaction{kv}.template put<R>(key, value).commit());
    }
    template <row R>
    void uproot(const typename R::key& key) {
        must(transaction{kv}.template erase<R>(key).commit());
    }
    /// From here on nothing in the directory changes any more.
    void seal(std::string_view path) {
        head h = *dir(path).head();
        h.life = protocol::directory::sealed{};
        plant<head>(node(path), h);
    }

    S& kv;
    id_blocks<S> ids;
    recorded<S> me;
};

/// A tree in memory, with its root.
struct memory_tree : private memory_store, hand<memory_store> {
    memory_tree() : hand<memory_store>{static_cast<memory_store&>(*this)} {}
};

/// The names of a directory, in the order of the listing.
template <store S>
std::vector<std::string> names_in(const S& kv, node_id node, std::string_view after = {}) {
    auto names = must(list(kv, node, after));
    std::vector<std::string> out;
    for (const auto& each : names) out.emplace_back(each.name());
    must(names.status());
    return out;
}

}  // namespace casement::testing
