// Race 9, whole (SPEC F22, F4b): any change of a tree is an operation with a name, its reply is
// lost or its commit comes late, and its client decides again under the same name, on what it finds
// then. It happens once, or not at all where the client is told so, also while records are
// forgotten.

#include <algorithm>
#include <array>

#include <casement/kv/client.hpp>

#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::once_story {
namespace {

using known = once<stage>;

constexpr int decisions = 2;

/// Each change that a tree knows, as it is decided on what is there now.
struct way {
    std::string words;
    result<void> (*decide)(known&);
};

template <class T>
result<void> told(const result<T>& r) {
    if (!r) return std::unexpected{r.error()};
    return {};
}

result<void> gone() { return fail(errc::not_found, "decide", ""); }

template <class P>
result<void> on_name(known& op, std::string_view path, auto change) {
    const auto at = resolve(op.rows(), path, last_link::keep);
    if (!at) return std::unexpected{at.error()};
    return told(change(P{at->parent}, *at->found, *at));
}

template <class P>
result<void> move(known& op, std::string_view from, std::string_view to) {
    return on_name<P>(op, from, [&](const P& parent, const seen_name& source, const place& what) {
        return on_name<P>(op, to, [&](const P& into, const seen_name& target, const place&) {
            if (what.node() == nullptr) return rename(op, parent, source, into, target);
            const auto line = read_ancestry(op.rows(), into.parent().node());
            if (!line) return result<generation>{std::unexpected{line.error()}};
            return rename_directory(op, parent, source, into, target, *line);
        });
    });
}

/// /f is a file and /d an empty directory.
template <class P>
const std::array<way, 9> ways{{
    {"create /x",
     [](known& op) {
         return on_name<P>(
             op, "/x", [&](const P& p, auto&&...) { return create(op, p, "x", content('a'), {}); });
     }},
    {"create_directory /x",
     [](known& op) {
         return on_name<P>(op, "/x",
                           [&](const P& p, auto&&...) { return create_directory(op, p, "x", {}); });
     }},
    {"replace_target /f",
     [](known& op) {
         return on_name<P>(op, "/f", [&](const P& p, const seen_name& old, const place&) {
             const auto to = std::get<protocol::dentry::create_object>(content('b'));
             return replace_target(op, p, old, protocol::dentry::replace_object{to.id}, {});
         });
     }},
    {"set_facts /f",
     [](known& op) {
         return on_name<P>(op, "/f", [&](const P& p, const seen_name& old, const place&) {
             return set_facts(op, p, old, 0600, {});
         });
     }},
    {"set_directory_facts /d",
     [](known& op) {
         return on_name<P>(op, "/d", [&](const P&, const seen_name&, const place& at) {
             if (at.node() == nullptr) return gone();
             const auto dir = read_directory(op.rows().snapshot(), *at.node());
             return dir ? set_directory_facts(op, *dir, 0700, {}) : told(dir);
         });
     }},
    {"remove /f",
     [](known& op) {
         return on_name<P>(op, "/f", [&](const P& p, const seen_name& old, const place&) {
             return remove(op, p, old);
         });
     }},
    {"remove_directory /d",
     [](known& op) {
         return on_name<P>(op, "/d", [&](const P& p, const seen_name& old, const place& at) {
             if (at.node() == nullptr) return gone();
             const auto empty = see_empty(op.rows(), *at.node());
             return empty ? remove_directory(op, p, old, *empty) : told(empty);
         });
     }},
    {"rename /f to /y", [](known& op) { return move<P>(op, "/f", "/y"); }},
    {"rename /d to /y", [](known& op) { return move<P>(op, "/d", "/y"); }},
}};

template <class P>
void change_for_sure(actor& me) {
    static const auto words = [] {
        std::vector<std::string> all;
        for (const auto& w : ways<P>) all.push_back(w.words);
        return all;
    }();
    const auto& way = ways<P>[me.choose(words)];
    recorded self{me.store(), me.ids()};
    auto op = self.begin();
    if (!op) return me.answer("not begun");
    result<void> made;
    for (int n = 0; n < decisions; ++n) {
        made = way.decide(*op);
        if (made || made.error().code() != errc::conflict) break;
    }
    me.answer(made ? "done" : std::string{name_of(made.error().code())});
}

[[nodiscard]] std::vector<std::pair<op_name, operation>> records(const rows& now) {
    std::vector<std::pair<op_name, operation>> all;
    const std::string first{operation::table};
    for (auto r = now.scan(first, after_prefix(first)); r.valid(); r.next())
        all.emplace_back(*parse_row_key<operation>(r.key()), *decode<operation>(r.value()));
    return all;
}

/// What came to be stays so until it is forgotten, and nothing comes to be after that.
complaint once_and_in_time(const check::change& c) {
    const auto before = records(c.before), after = records(c.after);
    const auto oldest = eras_of(*read<retention>(c.after, {})).oldest;
    for (const auto& was : before)
        if (was.second.what != 0 && was.first.era >= oldest &&
            std::ranges::find(after, was) == after.end())
            return "what has happened happens again";
    for (const auto& is : after)
        if (is.second.what != 0 && is.first.era < oldest &&
            std::ranges::find(before, is) == before.end())
            return "it happens after its record was forgotten";
    return "";
}

template <class P>
story sure(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) {
        plot tree{kv};
        tree.make("/f");
        tree.mkdir("/d");
    });
    tale.acts("client", change_for_sure<P>);
    tale.strikes({.lost_replies = 1, .zombies = 1});
    with_tree_rows(tale);
    tale.canonical({});  // outcomes are bytes: the ids in them would keep their names
    tale.every_change("an operation happens once, and only while that is remembered",
                      once_and_in_time);
    return tale;
}

template <class P>
story beside_another(std::string name) {
    auto tale = sure<P>(std::move(name));
    tale.acts("other", [](actor& me) {
        static const std::vector<std::string> words{"remove /x", "create /f"};
        const auto way = me.choose(words);
        const auto at = resolve(me.store(), way == 0 ? "/x" : "/f", last_link::keep);
        if (!at || at->exists() != (way == 0) || at->node() != nullptr) return;
        if (way == 0)
            (void)remove(by(me), any_rev{at->parent}, *at->found);
        else
            (void)create(by(me), any_rev{at->parent}, "f", content('a'), {});
    });
    tale.always("what is told not to have happened has not", [](const check::moment& m) {
        const auto all = records(m.store());
        return m.answer(0) != "conflict" ||
               std::ranges::none_of(all, [](const auto& r) { return r.second.what != 0; });
    });
    tale.sometimes("it is tried in vain",
                   [](const check::moment& m) { return m.answer(0) == "conflict"; });
    return tale;
}

void forget(actor& me) {
    me.doing("forget");
    (void)forget_operations(me.store(), {}, {});
}

story beside_forgetting(std::string name) {
    auto tale = sure<any_rev>(std::move(name));
    tale.begins([](memory_store& kv) { (void)transaction{kv}.put<retention>({}, {}).commit(); });
    tale.acts("forgetter", forget, 2);
    tale.sometimes("it comes too late",
                   [](const check::moment& m) { return m.answer(0) == "outcome_expired"; });
    return tale;
}

/// An era that came back would have in it what was begun before and forgotten.
story forgetters() {
    story tale{"two who forget"};
    tale.begins([](memory_store& kv) { (void)transaction{kv}.put<retention>({}, {}).commit(); });
    tale.actors(2, "forgetter", 2, forget);
    tale.strikes({.crashes = 1, .zombies = 1});
    tale.spells(check::spelled_rows<operation, retention>());
    tale.every_change("no era comes back", [](const check::change& c) {
        const auto newest = [](const rows& r) { return eras_of(*read<retention>(r, {})).newest; };
        return newest(c.after) >= newest(c.before);
    });
    tale.sometimes("each of them begins an era",
                   [](const rows& now) { return eras_of(*read<retention>(now, {})).newest == 4; });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"once", "a change whose reply is lost is made twice by who decides again", 9,
         [](size) { return beside_another<any_rev>("a change for sure, at any rev"); }},
        {"once-at-rev", "the same, at the rev that was seen", 9,
         [](size) { return beside_another<at_rev>("a change for sure, at exact revs"); }},
        {"once-forgotten", "a change happens again once its record is forgotten", 9,
         [](size) { return beside_forgetting("a change for sure, and its record is forgotten"); }},
        {"forgetters", "an era of records that was over begins again", 0,
         [](size) { return forgetters(); }}};
}

}  // namespace casement::models::once_story
