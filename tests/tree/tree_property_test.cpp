// Any sequence of operations through fresh tokens leaves the tree as it is on paper, answers as it
// does on paper, and leaves every row in order.

#include <array>
#include <map>
#include <ostream>
#include <sstream>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/tree/ensure_path.hpp>

#include "support/property.hpp"
#include "support/temporary.hpp"
#include "tree/hand.hpp"
#include "tree/paper_tree.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing {
namespace {

enum class act : std::uint8_t {
    create_file,
    create_link,
    create_directory,
    remove,
    remove_directory,
    rename,
    rename_directory,
    replace,
    set_facts,
    ensure_path
};
// Files are made and moved twice as often, for paths are made more often than either.
const std::vector<act> all_acts{act::create_file,      act::create_file, act::create_link,
                                act::create_directory, act::remove,      act::remove_directory,
                                act::rename,           act::rename,      act::rename_directory,
                                act::replace,          act::set_facts,   act::ensure_path};
constexpr std::array act_names{"create_file", "create_link", "create_directory", "remove",
                               "rmdir",       "rename",      "rename_directory", "replace",
                               "set_facts",   "ensure_path"};

std::string_view name_of(act what) { return act_names[static_cast<std::size_t>(what)]; }

struct deed {
    act what = act::create_file;
    std::string path, other;
    int n = 0;           // content, mode or link
    bool exact = false;  // at_rev or any_rev
};

std::ostream& operator<<(std::ostream& out, const deed& d) {
    return out << name_of(d.what) << ' ' << d.path << ' ' << d.other << ' ' << d.n
               << (d.exact ? " at_rev" : " any_rev");
}

// Few names and few levels, so that operations meet.
rc::Gen<std::string> some_path() {
    return rc::gen::element<std::string>("/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b", "/a/a/a",
                                         "/a/b/a", "/b/a/b", "/a/a/a/b");
}

/// Sixty of them and more, where RapidCheck does not shrink them.
rc::Gen<std::vector<deed>> some_deeds() {
    const auto any_of = [](const auto& all) { return rc::gen::elementOf(all); };
    return rc::gen::resize(
        120, rc::gen::container<std::vector<deed>>(rc::gen::build<deed>(
                 rc::gen::set(&deed::what, any_of(all_acts)),
                 rc::gen::set(&deed::path, some_path()), rc::gen::set(&deed::other, some_path()),
                 rc::gen::set(&deed::n, rc::gen::element(0, 1, 2, 3, 4, 5)),
                 rc::gen::set(&deed::exact, rc::gen::element(false, true)))));
}

/// How often each deed was done and refused: what was never tried was never tested.
struct tally {
    std::map<act, int> done, refused;
};

std::string link_path(int n) {
    return std::array{"a", "/b", "../b", "..", "/a/a", "/nowhere/x"}[static_cast<std::size_t>(n)];
}

/// The same deeds in the tree and on paper.
template <store S>
class pair_of_trees {
public:
    pair_of_trees(S& kv, tally& count) : tree_{kv}, count_{count} {}

    void run(const deed& d) {
        if (d.what == act::ensure_path) {
            const auto done = ensure_path(tree_.me, d.path, {});
            return agree(d, done, paper_.ensure(d.path));
        }
        const auto parent = d.path.substr(0, d.path.rfind('/'));
        if (!paper_.is_directory(parent)) return;
        const auto dir = directory_at(parent);
        d.exact ? run_in(d, at_rev{dir}) : run_in(d, any_rev{dir});
    }

    /// The whole tree as paper has it.
    [[nodiscard]] paper_tree::map picture() const {
        paper_tree::map out;
        draw(root, "", out);
        return out;
    }
    [[nodiscard]] const paper_tree::map& on_paper() const { return paper_.things(); }

private:
    template <class P>
    void run_in(const deed& d, const P& parent) {
        auto& me = tree_.me;
        const auto name = d.path.substr(d.path.rfind('/') + 1);
        const auto old = must(look_up(tree_.kv, parent.parent(), name));
        const auto mode = static_cast<std::uint32_t>(d.n);
        switch (d.what) {
            case act::create_file:
                return agree(d, made(create(me, parent, name, file(byte(d.n)), {.mode = mode})),
                             paper_.create(d.path, {thing::kind::file, d.n, {}, mode}));
            case act::create_link:
                return agree(d, made(create(me, parent, name, link(link_path(d.n)), {})),
                             paper_.create(d.path, {thing::kind::link, 0, link_path(d.n), 0}));
            case act::create_directory:
                return agree(d, made(create_directory(me, parent, name, {})),
                             paper_.create(d.path, {}));
            case act::remove: return agree(d, tree::remove(me, parent, old), paper_.remove(d.path));
            case act::remove_directory: {
                if (!paper_.is_directory(d.path)) return;
                const auto empty = see_empty(tree_.kv, *directory_in(*old));
                return agree(d, empty ? remove_directory(me, parent, old, *empty) : dropped(empty),
                             paper_.remove_directory(d.path));
            }
            case act::rename:
            case act::rename_directory: return rename_in(d, parent, old);
            case act::replace: return replace_in(d, parent, old);
            case act::set_facts:
                return agree(d, set_facts(me, parent, old, mode, {}),
                             paper_.set_mode(d.path, mode));
            case act::ensure_path: return;
        }
    }

    template <class P>
    void replace_in(const deed& d, const P& parent, const seen_name& old) {
        const bool to_link = d.n % 2 == 1;
        replacement by = dentry::replace_object{object(byte(d.n))};
        if (to_link) by = dentry::retarget{link_path(d.n)};
        agree(d, replace_target(tree_.me, parent, old, by, {}),
              paper_.replace(d.path, to_link ? thing{thing::kind::link, 0, link_path(d.n), 0}
                                             : thing{thing::kind::file, d.n, {}, 0}));
    }

    template <class P>
    void rename_in(const deed& d, const P& from, const seen_name& source) {
        const auto parent = d.other.substr(0, d.other.rfind('/'));
        if (!paper_.is_directory(parent)) return;
        const bool directory = paper_.at(d.path) != nullptr && paper_.is_directory(d.path);
        if (directory != (d.what == act::rename_directory)) return;
        const auto dir = directory_at(parent);
        const auto target = must(look_up(tree_.kv, dir, d.other.substr(d.other.rfind('/') + 1)));
        const auto done = directory ? rename_directory(tree_.me, from, source, at_rev{dir}, target,
                                                       must(read_ancestry(tree_.kv, dir.node())))
                                    : tree::rename(tree_.me, from, source, any_rev{dir}, target);
        agree(d, done, paper_.rename(d.path, d.other));
    }

    /// By names alone: on paper no link is followed here.
    [[nodiscard]] directory directory_at(std::string_view path) const {
        auto dir = must(read_directory(tree_.kv, root));
        for (const auto name : must(split_path(path)))
            dir =
                must(read_directory(tree_.kv, *directory_in(*must(look_up(tree_.kv, dir, name)))));
        return dir;
    }

    static std::uint8_t byte(int n) { return static_cast<std::uint8_t>(n); }

    static result<void> made(const result<create_outcome>& r) {
        if (!r) return std::unexpected{r.error()};
        if (std::holds_alternative<already_exists>(*r)) return fail(errc::exists, "create", "");
        return {};
    }
    template <class T>
    static result<void> dropped(const result<T>& r) {
        return std::unexpected{r.error()};
    }

    template <class T>
    void agree(const deed& d, const result<T>& tree, const result<void>& paper) {
        const auto word = [](const auto& r) {
            return r ? "done" : casement::name_of(r.error().code());
        };
        std::ostringstream differ;
        differ << d << ": " << word(tree) << ", on paper " << word(paper);
        if (word(tree) != word(paper)) RC_FAIL(differ.str());
        ++(tree ? count_.done : count_.refused)[d.what];
    }

    void draw(node_id node, const std::string& path, paper_tree::map& out) const {
        auto names = must(list(tree_.kv, node));
        for (const auto& each : names) {
            const auto e = must(each.row());
            const auto here = path + "/" + std::string{each.name()};
            if (const auto* child = directory_in(e)) {
                out.emplace(here, thing{});
                draw(*child, here, out);
            } else if (const auto* l = std::get_if<dentry::symlink>(&e.target)) {
                out.emplace(here, thing{thing::kind::link, 0, l->path, e.about.mode});
            } else {
                const auto& id = std::get<dentry::object>(e.target).id;
                out.emplace(
                    here,
                    thing{thing::kind::file, static_cast<int>(id.digest.back()), {}, e.about.mode});
            }
        }
    }

    hand<S> tree_;
    paper_tree paper_;
    tally& count_;
};

template <store S>
void same_as_on_paper(S& kv, const std::vector<deed>& deeds, tally& count) {
    pair_of_trees<S> both{kv, count};
    for (const auto& d : deeds) both.run(d);
    RC_ASSERT(both.picture() == both.on_paper());
    RC_ASSERT(faults_in(kv) == std::string{});
}

TEST(TreeProperty, AnyDeedsInMemoryAreAsOnPaper) {
    tally count;
    law("the tree is the tree on paper", [&] {
        memory_store kv;
        same_as_on_paper(kv, *some_deeds(), count);
    });
    for (const auto what : all_acts) {
        EXPECT_GT(count.done[what], 0) << name_of(what);
        EXPECT_GT(count.refused[what], 0) << name_of(what);
    }
}

template <store S>
void clear(S& kv) {
    auto rows = kv.scan("", "\xff");
    for (; rows.valid(); rows.next()) {
        const write gone{write::kind::erase, rows.key()};
        must(kv.commit({{}, {&gone, 1}}));
    }
    must(rows.status());
}

TEST(TreeProperty, AnyDeedsOnDiskAreAsOnPaper) {
    const temporary_directory place;
    auto kv = must(engine::leveldb_store::open(
        place / "store", {.durable = engine::durability::process, .create = true}));
    tally count;
    law("the tree on disk is the tree on paper", [&] {
        clear(kv);
        same_as_on_paper(kv, *some_deeds(), count);
    });
}

}  // namespace
}  // namespace casement::testing
