// Directories between their two forms, and what is kept of them: finalize_directory, rebase,
// snapshots.

#include <optional>
#include <utility>

#include <casement/tree/ensure_path.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/overlay.hpp>
#include <casement/tree/rename.hpp>
#include <casement/vault.hpp>

namespace casement {

namespace {

using tree::node_id;

/// One decision to make a directory an object, where it is bound by now.
result<tree::obj_id> finalize_one(vault& v, node_id node) {
    auto merged = tree::read_image(v.rows(), node);
    if (!merged) return passed(merged);
    const auto now = v.rows().snapshot();
    auto bound = read<tree::binding>(now, node);
    if (!bound) return passed(bound);
    if (!bound->exists())
        return fail(errc::not_found, "finalize", std::to_string(node.value), "is bound nowhere");
    auto parent = tree::read_directory(now, (*bound)->parent);
    if (!parent) return passed(parent);
    auto name = tree::see_name(now, *parent, (*bound)->name);
    if (!name) return passed(name);
    auto made =
        tree::finalize_directory(v.client(), *merged, *bound, tree::any_rev{*parent}, *name);
    if (!made) return passed(made);
    return merged->object();
}

/// From the deepest directory up. What somebody makes a node again meanwhile is found by the next
/// round.
result<tree::obj_id> finalize_below(vault& v, node_id node, retry_count& retries) {
    return retry(retries, [&]() -> result<tree::obj_id> {
        auto names = tree::list(v.rows(), node);
        if (!names) return passed(names);
        for (const auto& listed : *names) {
            auto what = listed.row();
            if (!what) return passed(what);
            const auto* child = tree::directory_in(*what);
            if (child == nullptr) continue;
            auto made = finalize_below(v, *child, retries);
            // Removed by others: it is not there any more.
            if (!made && made.error().code() != errc::not_found) return made;
        }
        if (auto whole = names->status(); !whole) return passed(whole);
        return finalize_one(v, node);
    });
}

}  // namespace

result<tree::obj_id> vault::finalize_directory(std::string_view path) {
    auto here = look(path);
    if (!here) return passed(here);
    if (const auto* object = tree::object_in(here->what); object && tree::is_directory(here->what))
        return *object;
    if (here->node() == nullptr) return fail(errc::not_a_directory, "finalize", std::string{path});
    if (*here->node() == tree::root)
        return fail(errc::illegal, "finalize", std::string{path}, "the root stays a node");
    auto made = finalize_below(*this, *here->node(), retry_counter());
    if (!made) return within(std::move(made), "finalize", std::string{path});
    if (auto swept = tree::sweep_hidden(rows()); !swept) return passed(swept);
    return made;
}

result<void> vault::rebase(std::string_view path) {
    auto done = retry(retry_counter(), [&]() -> result<void> {
        auto here = resolve(path);
        if (!here) return passed(here);
        if (here->node() == nullptr)
            return fail(errc::not_a_directory, "rebase", std::string{path});
        auto merged = tree::read_image(rows(), *here->node());
        if (!merged) return passed(merged);
        return tree::rebase(client(), *merged);
    });
    if (!done) return within(std::move(done), "rebase", std::string{path});
    auto swept = tree::sweep_hidden(rows());
    return swept ? result<void>{} : passed(swept);
}

result<tree::tree_image> vault::take_snapshot(std::string_view path, std::string_view name) {
    const auto now = system_clock{}.now();
    return retry(retry_counter(), [&]() -> result<tree::tree_image> {
        auto here = tree::reach(client(), path);
        if (!here) return passed(here);
        const auto node = tree::reach_directory(client(), *here);
        if (!node) return std::unexpected{node.error()};
        if (!*node) {
            const auto code = here->exists() ? errc::not_a_directory : errc::not_found;
            return fail(code, "snapshot", std::string{path});
        }
        auto of = tree::read_tree(rows(), **node);
        if (!of) return passed(of);
        auto kept = tree::keep_snapshot(client(), name, *of, std::string{path}, now);
        if (!kept) return passed(kept);
        return of;
    });
}

namespace {

result<seen<tree::snapshot>> find_snapshot(const vault& v, std::string_view name) {
    auto found = read<tree::snapshot>(v.rows(), {name});
    if (!found) return passed(found);
    if (!found->exists())
        return fail(errc::not_found, "read snapshot", std::string{name}, "no such snapshot");
    return found;
}

}  // namespace

result<void> vault::restore(std::string_view name, std::string_view path, std::string_view aside) {
    return retry(retry_counter(), [&]() -> result<void> {
        auto from = find_snapshot(*this, name);
        if (!from) return passed(from);
        auto here = tree::reach(client(), path, tree::last_link::keep);
        if (!here) return passed(here);
        if (here->is_root())
            return fail(errc::illegal, "restore", std::string{path}, "the root stays where it is");
        tree::facts about = (*from)->about;
        about.size = 0;
        const protocol::dentry::create_object what{(*from)->root};
        const tree::of_snapshot kept{*from};
        if (here->exists() && !aside.empty()) {
            auto free = tree::look_up(rows(), here->parent, aside);
            if (!free) return passed(free);
            auto moved = tree::set_aside(client(), tree::any_rev{here->parent}, *here->found, *free,
                                         what, about, kept);
            return moved ? result<void>{} : passed(moved);
        }
        if (here->exists()) return fail(errc::exists, "restore", std::string{path});
        auto made = tree::create(client(), tree::any_rev{here->parent}, here->found->key().name,
                                 what, about, kept);
        if (!made) return passed(made);
        if (std::holds_alternative<tree::created>(*made)) return {};
        return fail(errc::exists, "restore", std::string{path});
    });
}

result<void> vault::mount(std::string_view name, std::string_view path) {
    return retry(retry_counter(), [&]() -> result<void> {
        auto from = find_snapshot(*this, name);
        if (!from) return passed(from);
        auto here = tree::reach(client(), path, tree::last_link::keep);
        if (!here) return passed(here);
        if (here->exists()) return fail(errc::exists, "mount", std::string{path});
        auto made = tree::mount(client(), tree::any_rev{here->parent}, here->found->key().name,
                                (*from)->root, (*from)->about, tree::of_snapshot{*from});
        if (!made) return passed(made);
        if (std::holds_alternative<tree::created>(*made)) return {};
        return fail(errc::exists, "mount", std::string{path});
    });
}

result<void> vault::unmount(std::string_view path) {
    return retry(retry_counter(), [&]() -> result<void> {
        auto here = resolve(path, tree::last_link::keep);
        if (!here) return passed(here);
        if (!here->exists() || here->is_root() || here->node() == nullptr)
            return fail(errc::illegal, "unmount", std::string{path}, "is not mounted");
        auto dir = tree::read_directory(rows(), *here->node());
        if (!dir) return passed(dir);
        return tree::unmount(client(), tree::any_rev{here->parent}, *here->found, *dir);
    });
}

result<void> vault::forget_snapshot(std::string_view name) {
    return retry(retry_counter(), [&]() -> result<void> {
        auto old = find_snapshot(*this, name);
        if (!old) return passed(old);
        return tree::forget_snapshot(client(), *old);
    });
}

}  // namespace casement
