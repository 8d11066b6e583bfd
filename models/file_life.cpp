// The life of a file (SPEC F14-F17): written under a lease, finalized into an object, written
// again. Races 1-4, 7, 10, 14 and 17 between a finalizer, writers, and whoever renames, removes or
// takes a lease back; and all of it at once, freely chosen.

#include "file_story.hpp"
#include "stories.hpp"

namespace casement::models::file_life_story {
namespace {

/// A file at /x that was written once, and an object at /o.
story tale_of(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) {
        plot tree{kv};
        tree.make("/o", 'o');
        const auto at = *resolve(kv, "/x");
        require(create_file(tree.by(), any_rev{at.parent}, "x", {}).has_value(), "a file");
        const auto mine = open_writer(tree.by(), see_file(kv, "/x")->file, {});
        (void)transaction{kv}.put<staged_letter>(mine->staging(), {'a'}).commit();
        require(close_writer(tree.by(), *mine).has_value(), "a closed file");
    });
    return tale;
}

auto answers(std::size_t actor, std::string_view what) {
    return [=](const check::moment& m) { return m.answer(actor) == what; };
}

template <class P>
void finalizer(actor& me) {
    make_final<P>(me, "/x");
}

// --- races by name -------------------------------------------------------------------------------

template <class P>
story late_finalizer(std::string name) {
    auto tale = tale_of(std::move(name));
    tale.acts("finalizer", finalizer<P>);
    tale.acts("other", [](actor& me) {
        static const std::vector<std::string> ways{"remove /x", "rename /x to /y",
                                                   "rename /o to /x"};
        const auto way = me.choose(ways);
        if (way == 0) return remove_file<P>(me, "/x");
        way == 1 ? move_to<P>(me, "/x", "/y") : move_to<P>(me, "/o", "/x");
        me.answer("renamed");
    });
    tale.strikes({.lost_replies = 1, .zombies = 1});
    with_file_laws(tale);
    tale.sometimes("it is removed under the finalizer", [](const check::moment& m) {
        return m.answer(1) == "removed" && m.answer(0) == "gone" && not_there("/x")(m.store());
    });
    tale.sometimes("it is finalized in its new place", [](const check::moment& m) {
        return m.answer(0) == "finalized" && m.answer(1) == "renamed" && there("/y")(m.store()) &&
               files_in(m.store()).empty();
    });
    return tale;
}

story late_close(int skew) {
    auto tale = tale_of(skew == 0 ? "two writers of one file" : "two writers whose clocks differ");
    tale.acts("first", [](actor& me) { write_file(me, "/x", 'b', true); });
    tale.acts("second", [](actor& me) {
        take_back(me, "/x");
        write_file(me, "/x", 'c', false);
    });
    tale.strikes({.ticks = 2});
    tale.skews_by(skew);
    with_file_laws(tale);
    tale.sometimes("the first is fenced by the second", [](const check::moment& m) {
        return m.answer(0) == "fenced" && m.answer(1) == "closed";
    });
    return tale;
}

/// Race 7: the name is made anew by another while two look at its object.
template <class P>
story two_instantiate(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) { plot{kv}.make("/x", 'o'); });
    tale.actors(2, "opener", 1, [](actor& me) { instantiate<P>(me, "/x"); });
    tale.acts("other", [](actor& me) {
        remove_file<P>(me, "/x");
        make_object<P>(me, "/x");
    });
    with_file_laws(tale);
    tale.sometimes("a node is there", [](const rows& now) { return !files_in(now).empty(); });
    return tale;
}

/// Race 4: written again, and finalized again, back and forth.
template <class P>
story back_and_forth(std::string name) {
    auto tale = tale_of(std::move(name));
    tale.actors(2, "finalizer", 1, finalizer<P>);
    tale.acts("opener", [](actor& me) {
        instantiate<P>(me, "/x");
        write_file(me, "/x", 'b', false);
    });
    with_file_laws(tale);
    tale.sometimes("it is written after it was final", [](const check::moment& m) {
        return m.answer(2) == "closed" && (m.answer(0) == "finalized");
    });
    return tale;
}

/// Race 17: whoever prepared or wrote it is dead.
story crashed_between(std::string name, bool helped) {
    auto tale = tale_of(std::move(name));
    tale.acts("finalizer", finalizer<any_rev>);
    tale.acts("writer", [](actor& me) { write_file(me, "/x", 'b', false); });
    tale.strikes({.crashes = 1, .ticks = 1});
    with_file_laws(tale);
    return nobody_need_stay_half_way(tale, helped);
}

story nobody_tidies_up() {
    return crashed_between("a crash under a lease or a preparation, and nobody comes", false);
}

story somebody_tidies_up() {
    auto tale = crashed_between("a crash under a lease or a preparation", true);
    tale.acts("janitor", [](actor& me) {
        static const std::vector<std::string> ways{"reclaim", "abort", "finalize"};
        const auto way = me.choose(ways);
        if (way == 0) return take_back(me, "/x");
        if (way == 1) return take_preparation_back(me, "/x");
        finalizer<any_rev>(me);
    });
    tale.sometimes("a dead writer's lease is taken back", answers(2, "reclaimed"));
    tale.sometimes("a dead finalizer's work is taken back", answers(2, "aborted"));
    tale.sometimes("another goes on with a dead finalizer's work", [](const check::moment& m) {
        return m.answer(0) == "crashed" && m.answer(2) == "finalized";
    });
    return tale;
}

// --- all at once ---------------------------------------------------------------------------------

void change_facts(actor& me) {
    if (const auto top = read_directory(me.store().snapshot(), root))
        (void)set_directory_facts(by(me), *top, 0700, {});
}

template <class P>
void any_file_operation(actor& me) {
    static const std::vector<std::string> ways{
        "create_file /z",   "create /z",        "instantiate_file /o", "set_directory_facts /",
        "open_writer /x a", "open_writer /x b", "reclaim /x",          "finalize /x",
        "abort /x",         "remove /x",        "rename /x to /y",     "rename /y to /x"};
    switch (me.choose(ways)) {
        case 0: return make_file<P>(me, "/z");
        case 1: return make_object<P>(me, "/z");
        case 2: return instantiate<P>(me, "/o");
        case 3: return change_facts(me);
        case 4: return write_file(me, "/x", 'a', true);
        case 5: return write_file(me, "/x", 'b', false);
        case 6: return take_back(me, "/x");
        case 7: return make_final<P>(me, "/x");
        case 8: return take_preparation_back(me, "/x");
        case 9: return remove_file<P>(me, "/x");
        case 10: return move_to<P>(me, "/x", "/y");
        default: return move_to<P>(me, "/y", "/x");
    }
}

template <class P>
story any_of_a_file(std::string name, size s) {
    auto tale = tale_of(std::move(name));
    tale.actors(s.actors ? s.actors : 2, "client", s.turns ? s.turns : 1, any_file_operation<P>);
    tale.strikes({.crashes = 1, .lost_replies = 1, .ticks = 1});
    with_file_laws(tale);
    return nobody_need_stay_half_way(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"late-finalizer", "a file is finalized that was deleted, or at a name that it has left", 1,
         [](size) { return late_finalizer<any_rev>("a finalizer, and the file is moved away"); }},
        {"late-finalizer-at-rev", "the same, at the rev that was seen", 2,
         [](size) {
             return late_finalizer<at_rev>(
                 "a finalizer, and the file is moved away, at exact revs");
         }},
        {"late-close", "a writer whose lease ran out closes over the next one", 3,
         [](size) { return late_close(0); }},
        {"late-close-skewed", "the same, where clocks differ", 10,
         [](size) { return late_close(1); }},
        {"back-and-forth", "a file is opened while it is finalized", 4,
         [](size) { return back_and_forth<any_rev>("a file is opened and finalized"); }},
        {"two-instantiate", "an object becomes two nodes, or one that was deleted", 7,
         [](size) { return two_instantiate<any_rev>("two open an object, another deletes it"); }},
        {"two-instantiate-at-rev", "the same, at the rev that was seen", 7,
         [](size) {
             return two_instantiate<at_rev>(
                 "two open an object, another deletes it, at exact revs");
         }},
        {"half-way-alone", "a crash leaves a file that nobody can write or finalize", 17,
         [](size) { return nobody_tidies_up(); }, true},
        {"half-way", "the same, where somebody tidies up", 17,
         [](size) { return somebody_tidies_up(); }},
        {"files-any-rev", "every operation of a file beside every other", 0,
         [](size s) { return any_of_a_file<any_rev>("every operation of a file, at any rev", s); }},
        {"files-at-rev", "the same, at the rev that was seen", 0, [](size s) {
             return any_of_a_file<at_rev>("every operation of a file, at exact revs", s);
         }}};
}

}  // namespace casement::models::file_life_story
