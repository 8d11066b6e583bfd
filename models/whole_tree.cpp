// The whole protocol: at every step an actor may choose any operation that the tree has, on any of
// two directories, two names and two contents. Nobody has said what to look for; what must hold is
// that the tree is whole, and that a change does what its operation says and nothing else.

#include "overlay_story.hpp"
#include "scripts.hpp"
#include "stories.hpp"

namespace casement::models::whole_tree_story {
namespace {

constexpr node_id inner{16};  // the directory that stands at /x in the beginning
const std::vector<std::pair<std::string, node_id>> parents{{"/", root}, {"/x/", inner}};
const std::vector<std::string> names{"x", "y"};

template <class P>
class any_operation {
public:
    void operator()(actor& me) const {
        const auto way = me.choose(ways_);
        acts_[way](me);
    }

    /// Without a choice.
    void take(actor& me, std::size_t which) const {
        (void)me.choose({&ways_[which % size()], 1});
        acts_[which % size()](me);
    }
    [[nodiscard]] std::size_t size() const { return ways_.size(); }

    /// `by_contract`: no commit may happen unless all that its call carries still holds.
    explicit any_operation(bool by_contract) : by_contract_{by_contract} {
        for (const auto& [above, parent] : parents)
            for (const auto& name : names) on_one_name(above, parent, name);
        for (const auto& [from, a] : parents)
            for (const auto& x : names)
                for (const auto& [to, b] : parents)
                    for (const auto& y : names)
                        if (from != to || x != y)
                            add_move("rename " + from + x + " to " + to + y, a, x, b, y);
        for (const auto* path : {"/x", "/y", "/x/y", "/y/x"}) {
            add(std::string{"ensure_path "} + path,
                [=](actor& me) { (void)ensure_path(by(me), path, {}); });
            add(std::string{"resolve "} + path,
                [=](actor& me) { (void)resolve(me.store(), path); });
        }
        add("set_directory_facts /x", [by_contract](actor& me) {
            const auto dir = read_directory(me.store().snapshot(), inner);
            if (!dir) return;
            if (by_contract) me.carries(dir->head());
            (void)set_directory_facts(by(me), *dir, 0700, {});
        });
        for (const auto& [above, parent] : parents)
            add("list " + above, [=](actor& me) {
                if (auto listed = list(me.store(), parent))
                    for (const auto& n : *listed) (void)n.token();
            });
    }

    /// And the life of files and of directories over a base, under the same names: what one begins
    /// on a name, another may end under any other.
    any_operation& with_lives() {
        for (const std::string path : {"/y", "/x/y"}) {
            add("create_file " + path, [=](actor& me) { make_file<P>(me, path); });
            add("instantiate_file " + path, [=](actor& me) { instantiate<P>(me, path); });
            add("write " + path, [=](actor& me) { write_file(me, path, 'a', false); });
            add("reclaim " + path, [=](actor& me) { take_back(me, path); });
            add("finalize " + path, [=](actor& me) { make_final<P>(me, path); });
            add("abort " + path, [=](actor& me) { take_preparation_back(me, path); });
        }
        add("finalize_directory /x", [](actor& me) { finalize_dir<P>(me, "/x"); });
        add("instantiate_directory /x", [](actor& me) { instantiate_dir<P>(me, "/x"); });
        add("rebase /x", [](actor& me) { rebase_dir(me, "/x"); });
        add("keep_snapshot /", keep);
        return *this;
    }

private:
    void add(std::string words, std::function<void(actor&)> act) {
        ways_.push_back(std::move(words));
        acts_.push_back(std::move(act));
    }

    void on_one_name(const std::string& above, node_id parent, const std::string& name) {
        const auto at = [&](const char* operation) { return operation + (" " + above) + name; };
        // Who makes a name expects it to be free, whatever was there; who changes one, what it saw.
        const auto see_parent = [=, by_contract = by_contract_](actor& me) {
            auto s = see(me.store().snapshot(), parent, name);
            if (s && by_contract) carries(me, s->parent);
            return s;
        };
        const auto look = [=, by_contract = by_contract_](actor& me) {
            auto s = see_parent(me);
            if (s && by_contract) me.carries(s->name.row());
            return s;
        };
        for (const char which : {'a', 'b'}) {
            add(at("create") + " " + which, [=](actor& me) {
                if (const auto s = see_parent(me))
                    (void)create(by(me), P{s->parent}, name, content(which), {});
            });
            add(at("replace_target") + " " + which, [=](actor& me) {
                const auto to = std::get<protocol::dentry::create_object>(content(which));
                if (const auto s = look(me))
                    (void)replace_target(by(me), P{s->parent}, s->name,
                                         protocol::dentry::replace_object{to.id}, {});
            });
        }
        add(at("create_directory"), [=](actor& me) {
            if (const auto s = see_parent(me))
                (void)create_directory(by(me), P{s->parent}, name, {});
        });
        add(at("set_facts"), [=](actor& me) {
            if (const auto s = look(me)) (void)set_facts(by(me), P{s->parent}, s->name, 0600, {});
        });
        add(at("remove"), [=](actor& me) {
            if (const auto s = look(me)) (void)remove(by(me), P{s->parent}, s->name);
        });
        add(at("remove_directory"), [=, by_contract = by_contract_](actor& me) {
            const auto s = look(me);
            if (!s || !s->name.exists() || directory_in(*s->name) == nullptr) return;
            const auto empty = see_empty(me.store(), *directory_in(*s->name));
            if (!empty) return;
            if (by_contract) {
                me.carries(empty->of().head());
                me.carries(empty->of().rev());
            }
            (void)remove_directory(by(me), P{s->parent}, s->name, *empty);
        });
    }

    static void carries(actor& me, const directory& parent) {
        me.carries(parent.head());
        if constexpr (std::same_as<P, at_rev>) me.carries(parent.rev());
    }
    static void carries(actor& me, const sight& s) {
        carries(me, s.parent);
        me.carries(s.name.row());
    }

    void add_move(const std::string& words, node_id a, const std::string& x, node_id b,
                  const std::string& y) {
        add(words, [=, by_contract = by_contract_](actor& me) {
            const auto now = me.store().snapshot();
            const auto from = see(now, a, x), to = see(now, b, y);
            if (!from || !to || !from->name.exists()) return;
            if (by_contract) carries(me, *from), carries(me, *to);
            if (directory_in(*from->name) == nullptr) {
                (void)tree::rename(by(me), P{from->parent}, from->name, P{to->parent}, to->name);
            } else if (const auto line = read_ancestry(now, b)) {
                if (by_contract)
                    for (const auto& above : line->line()) me.carries(above);
                (void)rename_directory(by(me), P{from->parent}, from->name, P{to->parent}, to->name,
                                       *line);
            }
        });
    }

    bool by_contract_;
    std::vector<std::string> ways_;
    std::vector<std::function<void(actor&)>> acts_;
};

template <class P>
story everything(std::string name, size s, bool by_contract) {
    story all{std::move(name)};
    all.begins([](memory_store& kv) {
        plot tree{kv};
        require(tree.mkdir("/x") == inner, "the directory at /x is the first that is made");
    });
    all.actors(s.actors ? s.actors : 2, "client", s.turns ? s.turns : 2,
               any_operation<P>{by_contract});
    all.strikes({.crashes = 1, .lost_replies = 1});
    return with_tree_rows(all);
}

/// A name that was gone is seen again by what makes or moves names alone.
[[nodiscard]] complaint no_name_comes_back(const check::change& c) {
    for (const auto* may : {"create", "rename", "ensure_path"})
        if (c.operation.starts_with(may)) return "";
    const shown_names before{c.before}, after{c.after};
    for (const auto& [name, what] : after.all())
        if (!before.all().contains(name))
            return name + " comes back by " + std::string{c.operation};
    return "";
}

/// A directory at /x with a file in it, and what holds whatever becomes of them.
story& with_lives(story& all) {
    all.begins([](memory_store& kv) {
        plot tree{kv};
        require(tree.mkdir("/x") == inner, "the directory at /x is the first that is made");
        const auto at = *resolve(kv, "/x/y");
        require(create_file(tree.by(), any_rev{at.parent}, "y", {}).has_value(), "a file");
    });
    with_overlay_laws(all);
    all.every_change("the number of a lease only grows", numbers_grow);
    all.every_change("a file is finalized as it is", finalized_as_it_is);
    return all.every_change("a deleted name is not brought back", no_name_comes_back);
}

template <class P>
story every_life(std::string name, size s) {
    story all{std::move(name)};
    all.actors(s.actors ? s.actors : 2, "client", s.turns ? s.turns : 1,
               any_operation<P>{false}.with_lives());
    all.strikes({.crashes = 1, .lost_replies = 1, .ticks = 1});
    return with_lives(all);
}

template <class P>
const any_operation<P>& operations_of_lives() {
    static const auto all = any_operation<P>{false}.with_lives();
    return all;
}

template <class P>
void act_by(story& all, const std::vector<script>& scripts) {
    for (const auto& mine : scripts)
        all.acts("client " + std::to_string(all.roles().size() + 1), [mine](actor& me) {
            for (const auto which : mine) operations_of_lives<P>().take(me, which);
        });
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"all-any-rev", "every operation beside every other, each guarding its own names", 0,
         [](size s) { return everything<any_rev>("every operation, at any rev", s, false); }},
        {"all-at-rev", "every operation beside every other, each at the rev that it saw", 0,
         [](size s) { return everything<at_rev>("every operation, at exact revs", s, false); }},
        {"contracts-any-rev", "an operation changes what its caller no longer sees", 0,
         [](size s) { return everything<any_rev>("what calls expect, at any rev", s, true); }},
        {"contracts-at-rev", "an operation changes a directory that is not as it was seen", 0,
         [](size s) { return everything<at_rev>("what calls expect, at exact revs", s, true); }},
        {"everything-any-rev", "all that a tree, its files and its directories' bases go through",
         0, [](size s) { return every_life<any_rev>("the whole protocol, at any rev", s); }, false,
         true},
        {"everything-at-rev", "the same, at the rev that was seen", 0,
         [](size s) { return every_life<at_rev>("the whole protocol, at exact revs", s); }, false,
         true}};
}

}  // namespace casement::models::whole_tree_story

namespace casement::models {

std::size_t operations() { return whole_tree_story::operations_of_lives<any_rev>().size(); }

story by_scripts(const std::vector<script>& scripts, bool at_exact_revs,
                 const check::faults& may_strike) {
    story all{"the whole protocol, by scripts"};
    if (at_exact_revs)
        whole_tree_story::act_by<at_rev>(all, scripts);
    else
        whole_tree_story::act_by<any_rev>(all, scripts);
    return whole_tree_story::with_lives(all.strikes(may_strike));
}

}  // namespace casement::models
