// A token is taken, somebody else changes what it is of and changes it back, and the call that
// carries the token conflicts: what is equal again is not the same (SPEC F4h). And no call reads
// again what its token says (DESIGN D3): then it would only compare the present with itself.

#include <functional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"

namespace casement::testing::aba_test {
namespace {

using counted = counting_store<memory_store>;
using answer = result<void>;
using call = std::function<answer(unrecorded<counted>)>;

template <class T>
answer settled(const result<T>& r) {
    if (!r) return std::unexpected{r.error()};
    return {};
}

template <class P>
P of_root(memory_tree& t) {
    return P{t.dir("/")};
}

// /x and /z are files, /d and /e/f empty directories.
struct operation {
    std::string name;
    std::function<call(memory_tree&)> takes_tokens;
    std::vector<std::function<void(memory_tree&)>> there_and_back;
};

std::ostream& operator<<(std::ostream& out, const operation& o) { return out << o.name; }

void file_there_and_back(memory_tree& t) {
    t.replace("/x", 2);
    t.replace("/x", 1);
}
void name_there_and_back(memory_tree& t) {
    must(remove(t.me, any_rev{t.dir()}, t.name("/x")));
    t.make("/x");
}
void rev_there_and_back(memory_tree& t) {
    t.make("/other");
    must(remove(t.me, any_rev{t.dir()}, t.name("/other")));
}
void move(memory_tree& t, std::string_view from, std::string_view to, std::string_view above_to) {
    const auto line = must(read_ancestry(t.kv, t.node(above_to)));
    must(rename_directory(t.me, any_rev{t.dir(from.substr(0, from.rfind('/')))}, t.name(from),
                          any_rev{t.dir(above_to)}, t.name(to), line));
}

template <class P>
std::vector<operation> operations(const std::string& at) {
    const std::vector<std::function<void(memory_tree&)>> of_file{file_there_and_back,
                                                                 name_there_and_back};
    const auto child_there_and_back = [](memory_tree& t) {
        t.make("/d/c");
        must(remove(t.me, any_rev{t.dir("/d")}, t.name("/d/c")));
    };
    const auto directory_there_and_back = [](memory_tree& t) {
        move(t, "/d", "/e/d", "/e");
        move(t, "/e/d", "/d", "/");
    };
    std::vector<operation> all{
        {"replace_target " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), x = t.name("/x")](auto me) {
                 return settled(replace_target(me, p, x, dentry::replace_object{object(3)}, {}));
             };
         },
         of_file},
        {"set_facts " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), x = t.name("/x")](auto me) {
                 return set_facts(me, p, x, 0600, {});
             };
         },
         of_file},
        {"remove " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), x = t.name("/x")](auto me) { return remove(me, p, x); };
         },
         of_file},
        {"rename " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), x = t.name("/x"), z = t.name("/z")](auto me) {
                 return settled(tree::rename(me, p, x, p, z));
             };
         },
         of_file},
        {"rename onto it " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), x = t.name("/x"), z = t.name("/z")](auto me) {
                 return settled(tree::rename(me, p, z, p, x));
             };
         },
         of_file},
        {"remove_directory " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), d = t.name("/d"),
                     empty = must(see_empty(t.kv, t.node("/d")))](auto me) {
                 return remove_directory(me, p, d, empty);
             };
         },
         {child_there_and_back, directory_there_and_back}},
        {"rename_directory " + at,
         [](memory_tree& t) -> call {
             return [p = of_root<P>(t), d = t.name("/d"), to = P{t.dir("/e/f")},
                     free = t.name("/e/f/d"), line = must(read_ancestry(t.kv, t.node("/e/f")))](
                        auto me) { return settled(rename_directory(me, p, d, to, free, line)); };
         },
         {directory_there_and_back}}};
    if constexpr (std::same_as<P, at_rev>) {
        // An absence that is there again is the same absence: only the rev knows better.
        for (auto& o : all) o.there_and_back.push_back(rev_there_and_back);
        all.push_back({"create " + at,
                       [](memory_tree& t) -> call {
                           return [p = of_root<P>(t)](auto me) {
                               return settled(create(me, p, "new", file(), {}));
                           };
                       },
                       {rev_there_and_back, file_there_and_back}});
        all.push_back({"create_directory " + at,
                       [](memory_tree& t) -> call {
                           return [p = of_root<P>(t)](auto me) {
                               return settled(create_directory(me, p, "new", {}));
                           };
                       },
                       {rev_there_and_back, file_there_and_back}});
    }
    return all;
}

class ThereAndBack : public ::testing::TestWithParam<operation> {
protected:
    ThereAndBack() {
        for (const auto* file : {"/x", "/z"}) tree_.make(file);
        for (const auto* dir : {"/d", "/e", "/e/f"}) tree_.mkdir(dir);
        must(ids_.next());  // so that a count sees no block being taken
    }
    memory_tree tree_;
    counted store_{tree_.kv};
    id_blocks<counted> ids_{store_};
};

TEST_P(ThereAndBack, NothingInBetweenAndNothingIsReadAgain) {
    const auto made = GetParam().takes_tokens(tree_);
    store_.forget();
    const auto done = made({store_, ids_});
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(store_.counts().reads(), 0u);
    EXPECT_EQ(store_.counts().commits, 1u);
}

TEST_P(ThereAndBack, Conflicts) {
    for (const auto& by_another : GetParam().there_and_back) {
        const auto made = GetParam().takes_tokens(tree_);
        by_another(tree_);
        EXPECT_EQ(code_of(made({store_, ids_})), errc::conflict);
    }
}

// Of what lies above, it matters where it is now and not since when: then there is no loop.
TEST(ThereAndBackAgain, AnAncestorMayMoveMeanwhile) {
    memory_tree t;
    for (const auto* dir : {"/d", "/e", "/e/f"}) t.mkdir(dir);
    const auto d = t.name("/d"), free = t.name("/e/f/d");
    const auto from = t.dir(), to = t.dir("/e/f");
    const auto line = must(read_ancestry(t.kv, t.node("/e/f")));
    move(t, "/e/f", "/f", "/");
    EXPECT_EQ(code_of(rename_directory(t.me, any_rev{from}, d, any_rev{to}, free, line)),
              errc::conflict);
    move(t, "/f", "/e/f", "/e");
    EXPECT_TRUE(rename_directory(t.me, any_rev{from}, d, any_rev{to}, free, line));
}

INSTANTIATE_TEST_SUITE_P(AnyRev, ThereAndBack, ::testing::ValuesIn(operations<any_rev>("any_rev")));
INSTANTIATE_TEST_SUITE_P(AtRev, ThereAndBack, ::testing::ValuesIn(operations<at_rev>("at_rev")));

}  // namespace
}  // namespace casement::testing::aba_test
