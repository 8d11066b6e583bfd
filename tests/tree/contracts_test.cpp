// The conflict set of each operation, row by row: what it guards, what it writes, how many rows it
// reads. Who adds a guard makes changes conflict that did not, and who leaves one out lets changes
// meet that must not; either has to be said here.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <casement/tree/ensure_path.hpp>
#include <casement/tree/finalize.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/overlay.hpp>

#include "object/support.hpp"
#include "support/scale.hpp"
#include "tree/altered_store.hpp"
#include "tree/counting_store.hpp"
#include "tree/hand.hpp"

namespace casement::testing::contracts_test {
namespace {

using row_names = std::set<std::string>;

/// What an operation asks of its store, in words: "head p" as it was seen, "no entry p/new".
struct footprint {
    row_names guards, writes;
    std::size_t reads = 0;

    bool operator==(const footprint&) const = default;
};

void PrintTo(const footprint& f, std::ostream* out) {
    *out << "guards " << ::testing::PrintToString(f.guards) << "\nwrites "
         << ::testing::PrintToString(f.writes) << "\nreads " << f.reads;
}

/// Records its changes or not, as it is told at run time.
template <store S>
class either_client {
public:
    using store_type = S;
    either_client(S& kv, id_blocks<S>& ids, bool records)
        : with_{kv, ids}, without_{kv, ids}, records_{records} {
        must(with_.begin());  // so that a count sees no first look at the eras
    }

    [[nodiscard]] S& rows() const { return without_.rows(); }
    template <class Id>
    [[nodiscard]] result<Id> next() const {
        return without_.template next<Id>();
    }
    template <class Kind, class O>
    [[nodiscard]] result<O> commit(transaction<S>& t, Kind what, O outcome) {
        return records_ ? with_.commit(t, what, std::move(outcome))
                        : without_.commit(t, what, std::move(outcome));
    }

private:
    recorded<S> with_;
    unrecorded<S> without_;
    bool records_;
};

/// A tree that has what each operation needs.
///
///     /p   x an object, l a link, d an empty directory, and files: n closed, w written, f prepared
///     /q   y an object, m a file, r a directory
struct planted {
    planted() {
        for (const std::string path : {"/p", "/q", "/p/d", "/q/r"})
            nodes[t.mkdir(path).node.value] = path.back();
        for (const std::string path : {"/p/n", "/p/w", "/p/f", "/q/m"}) {
            const any_rev dir{t.dir(path.substr(0, 2))};
            const auto made = must(create_file(t.me, dir, path.substr(3), {}));
            nodes[std::get<created>(made).node.value] = path.back();
        }
        t.make("/p/x");
        t.make("/p/l", link("x"));
        t.make("/q/y");
        must(prepare(t.me, file_at("/p/f")));
    }

    [[nodiscard]] file_node file_at(std::string_view path) const {
        return must(read_file_node(t.kv, *file_in(*t.name(path))));
    }

    memory_tree t;
    std::map<std::uint64_t, std::string> nodes;
};

/// Somebody who changes that tree. Tokens are read past the store that counts: who decides has read
/// them before.
struct scene : planted {
    using counted_store = counting_store<memory_store>;
    using store_type = altered_store<counted_store>;

    scene(bool exact_rev, bool records) : exact{exact_rev}, me{kv, ids, records} {
        must(ids.next());
    }

    /// Acts in the directory, as it is expected to be.
    template <class Act>
    void in(std::string_view path, Act act) {
        exact ? act(at_rev{t.dir(path)}) : act(any_rev{t.dir(path)});
    }

    [[nodiscard]] footprint now() const {
        footprint f{.reads = counted.counts().gets + counted.counts().rows};
        for (const auto& d : counted.demands())
            (d.guards() ? f.guards : f.writes).insert(in_words(d));
        return f;
    }

    bool exact;
    counted_store counted{t.kv};
    store_type kv{counted};
    id_blocks<store_type> ids{kv};
    either_client<store_type> me;
    writer of_w = must(open_writer(t.me, file_at("/p/w"), {100}));

private:
    [[nodiscard]] std::string in_words(const demand& d) const {
        using kind = demand::kind;
        const std::map<kind, std::string> before{{kind::as_seen, ""},
                                                 {kind::absent, "no "},
                                                 {kind::put, "put "},
                                                 {kind::erase, "erase "},
                                                 {kind::bump, "bump "}};
        return before.at(d.what) + row_in_words(d.key);
    }
    [[nodiscard]] std::string row_in_words(std::string_view key) const {
        if (const auto of = parse_row_key<head>(key)) return "head " + in_words(*of);
        if (const auto of = parse_row_key<tree::rev>(key)) return "rev " + in_words(*of);
        if (const auto of = parse_row_key<binding>(key)) return "binding " + in_words(*of);
        if (const auto of = parse_row_key<file_row>(key)) return "file " + in_words(*of);
        if (const auto of = parse_row_key<lease_row>(key)) return "lease " + in_words(*of);
        if (const auto of = parse_row_key<entry>(key))
            return "entry " + in_words(of->parent) + "/" + std::string{of->name};
        if (parse_row_key<operation>(key)) return "operation";
        if (parse_row_key<retention>(key)) return "retention";
        return printable(key);
    }
    [[nodiscard]] std::string in_words(node_id node) const {
        if (node == root) return "";
        const auto known = nodes.find(node.value);
        return known == nodes.end() ? "new" : known->second;
    }
};

template <class T>
void drop(std::vector<T>& all, std::size_t n) {
    if (n < all.size()) all.erase(all.begin() + static_cast<std::ptrdiff_t>(n));
}

/// One row of the table. What a recorded change has besides is the same for all, and said below.
struct contract {
    std::string operation;
    std::function<void(scene&)> act;
    row_names guards;
    row_names guards_at_rev;  // those and these
    row_names writes;
    std::size_t reads = 0;
};

template <class Act>
auto in(std::string_view path, Act act) {
    return [=](scene& s) { s.in(path, [&](const auto& p) { act(s, p); }); };
}
/// In two directories.
template <class Act>
auto in(std::string_view from, std::string_view to, Act act) {
    return [=](scene& s) {
        s.in(from, [&](const auto& p) { s.in(to, [&](const auto& q) { act(s, p, q); }); });
    };
}

/// Moves a file's or link's name.
auto moves(std::string from, std::string to) {
    return [=](scene& s, const auto& p, const auto& q) {
        must(tree::rename(s.me, p, s.t.name(from), q, s.t.name(to)));
    };
}
auto moves_directory(std::string from, std::string to, std::string_view into) {
    return [=](scene& s, const auto& p, const auto& q) {
        must(rename_directory(s.me, p, s.t.name(from), q, s.t.name(to),
                              must(read_ancestry(s.t.kv, s.t.node(into)))));
    };
}

// clang-format off
const std::vector<contract> contracts{
    {"create", in("/p", [](auto& s, const auto& p) {
         must(create(s.me, p, "new", file(), {}));
     }),
     {"head p", "no entry p/new"}, {"rev p"},
     {"put entry p/new", "bump rev p"}},
    {"create_directory", in("/p", [](auto& s, const auto& p) {
         must(create_directory(s.me, p, "new", {}));
     }),
     {"head p", "no entry p/new"}, {"rev p"},
     {"put entry p/new", "put head new", "put rev new", "put binding new", "bump rev p"},
     1},  // the directory above
    {"create_file", in("/p", [](auto& s, const auto& p) {
         must(create_file(s.me, p, "new", {}));
     }),
     {"head p", "no entry p/new"}, {"rev p"},
     {"put entry p/new", "put file new", "put lease new", "put binding new", "bump rev p"}},
    {"ensure_path", [](auto& s) { must(ensure_path(s.me, "/p/new", {})); },
     {"head p", "entry /p", "no entry p/new"}, {},
     {"put entry p/new", "put head new", "put rev new", "put binding new", "bump rev p"},
     7},  // of both directories head and rev, both names, and the directory above
    {"ensure_path of what is there", [](auto& s) { must(ensure_path(s.me, "/p", {})); },
     {}, {}, {},
     7},  // likewise, and the binding
    {"replace_target", in("/p", [](auto& s, const auto& p) {
         must(replace_target(s.me, p, s.t.name("/p/x"), dentry::replace_object{object(2)}, {}));
     }),
     {"head p", "entry p/x"}, {"rev p"},
     {"put entry p/x", "bump rev p"}},
    {"replace_target of a link", in("/p", [](auto& s, const auto& p) {
         must(replace_target(s.me, p, s.t.name("/p/l"), dentry::retarget{"y"}, {}));
     }),
     {"head p", "entry p/l"}, {"rev p"},
     {"put entry p/l", "bump rev p"}},
    {"set_facts", in("/p", [](auto& s, const auto& p) {
         must(set_facts(s.me, p, s.t.name("/p/x"), 0600, {}));
     }),
     {"head p", "entry p/x"}, {"rev p"},
     {"put entry p/x", "bump rev p"}},
    {"set_directory_facts", [](auto& s) {
         must(set_directory_facts(s.me, s.t.dir("/p"), 0700, {}));
     },
     {"head p"}, {},
     {"put head p"}},
    {"remove", in("/p", [](auto& s, const auto& p) {
         must(tree::remove(s.me, p, s.t.name("/p/x")));
     }),
     {"head p", "entry p/x"}, {"rev p"},
     {"erase entry p/x", "bump rev p"}},
    {"remove of a file that is written", in("/p", [](auto& s, const auto& p) {
         must(tree::remove(s.me, p, s.t.name("/p/w")));
     }),
     {"head p", "entry p/w"}, {"rev p"},
     {"erase entry p/w", "erase file w", "erase lease w", "erase binding w", "bump rev p"}},
    {"remove_directory", in("/p", [](auto& s, const auto& p) {
         must(remove_directory(s.me, p, s.t.name("/p/d"),
                               must(see_empty(s.t.kv, s.t.node("/p/d")))));
     }),
     {"head p", "entry p/d", "head d", "rev d"}, {"rev p"},
     {"erase entry p/d", "erase head d", "erase rev d", "erase binding d", "bump rev p"}},
    {"rename in one directory", in("/p", "/p", moves("/p/x", "/p/new")),
     {"head p", "entry p/x", "no entry p/new"}, {"rev p"},
     {"erase entry p/x", "put entry p/new", "bump rev p"}},
    {"rename", in("/p", "/q", moves("/p/x", "/q/new")),
     {"head p", "head q", "entry p/x", "no entry q/new"}, {"rev p", "rev q"},
     {"erase entry p/x", "put entry q/new", "bump rev p", "bump rev q"}},
    {"rename to a name that is there", in("/p", "/q", moves("/p/x", "/q/y")),
     {"head p", "head q", "entry p/x", "entry q/y"}, {"rev p", "rev q"},
     {"erase entry p/x", "put entry q/y", "bump rev p", "bump rev q"}},
    {"rename of a file over a file", in("/p", "/q", moves("/p/w", "/q/m")),
     {"head p", "head q", "entry p/w", "entry q/m"}, {"rev p", "rev q"},
     {"erase entry p/w", "put entry q/m", "put binding w", "erase file m", "erase lease m",
      "erase binding m", "bump rev p", "bump rev q"}},
    {"rename_directory", in("/p", "/q/r", moves_directory("/p/d", "/q/r/new", "/q/r")),
     {"head p", "head r", "entry p/d", "no entry r/new", "binding r", "binding q"},
     {"rev p", "rev r"},
     {"erase entry p/d", "put entry r/new", "put binding d", "bump rev p", "bump rev r"}},
    {"rename_directory in one directory", in("/p", "/p", moves_directory("/p/d", "/p/new", "/p")),
     {"head p", "entry p/d", "no entry p/new", "binding p"}, {"rev p"},
     {"erase entry p/d", "put entry p/new", "put binding d", "bump rev p"}},
    {"instantiate_file", in("/p", [](auto& s, const auto& p) {
         must(instantiate_file(s.me, p, s.t.name("/p/x")));
     }),
     {"head p", "entry p/x"}, {"rev p"},
     {"put entry p/x", "put file new", "put lease new", "put binding new", "bump rev p"}},
    {"open_writer", [](auto& s) { must(open_writer(s.me, s.file_at("/p/n"), {100})); },
     {"file n", "lease n"}, {},
     {"put file n", "put lease n"}},
    {"renew", [](auto& s) { must(renew(s.me, s.of_w, {200})); },
     {"lease w"}, {},
     {"put lease w"},
     1},  // the lease
    {"close_writer", [](auto& s) { must(close_writer(s.me, s.of_w)); },
     {"file w", "lease w"}, {},
     {"put file w", "put lease w"},
     2},  // the file and the lease
    {"reclaim", [](auto& s) { must(reclaim(s.me, s.file_at("/p/w"), {100})); },
     {"file w", "lease w"}, {},
     {"put file w", "put lease w"}},
    {"prepare", [](auto& s) { must(prepare(s.me, s.file_at("/p/n"))); },
     {"file n"}, {},
     {"put file n"}},
    {"abort", [](auto& s) { must(tree::abort(s.me, s.file_at("/p/f"))); },
     {"file f"}, {},
     {"put file f"}},
    {"finalize", in("/p", [](auto& s, const auto& p) {
         const auto prepared = s.file_at("/p/f");
         must(finalize(s.me, prepared, must(read<binding>(s.t.kv, prepared.node())), p,
                       s.t.name("/p/f"), object(7), {}));
     }),
     {"head p", "entry p/f", "file f", "binding f"}, {"rev p"},
     {"put entry p/f", "erase file f", "erase lease f", "erase binding f", "bump rev p"}},
};
// clang-format on

footprint expected_of(const contract& c, bool exact_rev, bool records) {
    footprint f{c.guards, c.writes, c.reads};
    if (exact_rev) f.guards.insert(c.guards_at_rev.begin(), c.guards_at_rev.end());
    if (records && !c.writes.empty()) {
        f.guards.insert({"no operation", "no retention"});
        f.writes.insert("put operation");
    }
    return f;
}

/// What the operation asks for when its commits, or what it reads, are altered so.
footprint found_of(const contract& c, bool exact_rev, bool records,
                   const std::function<scene::store_type::alteration(scene&)>& alter = {}) {
    scene s{exact_rev, records};
    if (alter) s.kv.alter = alter(s);
    s.counted.forget();
    c.act(s);
    return s.now();
}

TEST(Contracts, AreKeptRowByRow) {
    for (const auto& c : contracts)
        for (const bool exact_rev : {true, false})
            for (const bool records : {true, false})
                EXPECT_EQ(found_of(c, exact_rev, records), expected_of(c, exact_rev, records))
                    << c.operation << (exact_rev ? " at_rev" : " any_rev")
                    << (records ? " recorded" : " unrecorded");
}

// A row more or less is seen, whichever it is.
TEST(Contracts, DifferByEachRow) {
    using alteration = scene::store_type::alteration;
    for (const auto& c : contracts) {
        const auto whole = expected_of(c, true, true);
        const auto differs = [&](auto alter) {
            const auto altered =
                found_of(c, true, true, [&](scene& s) -> alteration { return alter(s); });
            EXPECT_NE(altered, whole) << c.operation;
        };
        for (std::size_t n = 0; n < whole.guards.size(); ++n)
            differs([n](scene&) { return [n](auto& guards, auto&) { drop(guards, n); }; });
        for (std::size_t n = 0; n < whole.writes.size(); ++n)
            differs([n](scene&) { return [n](auto&, auto& writes) { drop(writes, n); }; });
        if (whole.writes.empty()) continue;
        differs([](scene&) {
            return [](auto& guards, auto&) { guards.push_back({"?", std::nullopt, {}, "more"}); };
        });
        differs([](scene&) {
            return [](auto&, auto& writes) { writes.push_back({write::kind::erase, "?"}); };
        });
        differs([](scene& s) { return [&s](auto&, auto&) { must(s.counted.get("?")); }; });
    }
}

/// How large directories become.
constexpr std::uint64_t names_max = sanitized ? 1'000 : 1'000'000;

// F5, F8: a new name, and the rename of all of them, cost what they cost in an empty directory.
TEST(Contracts, AreTheSameInADirectoryOfAnySize) {
    const auto at_size = [](std::uint64_t names, const auto& act) {
        scene s{true, true};
        const auto p = s.t.node("/p");
        for (std::uint64_t n = 0; n < names; ++n)
            s.t.plant<entry>({p, {}, "more" + std::to_string(n)},
                             {dentry::object{object(1)}, generation{n}, {}});
        s.counted.forget();
        act(s);
        return s.now();
    };
    const auto make =
        in("/p", [](auto& s, const auto& p) { must(create(s.me, p, "new", file(), {})); });
    const auto make_directory =
        in("/p", [](auto& s, const auto& p) { must(create_directory(s.me, p, "new", {})); });
    const auto move_it = in("/", "/q/r", moves_directory("/p", "/q/r/new", "/q/r"));
    for (std::uint64_t names = 1; names <= names_max; names *= 1000) {
        EXPECT_EQ(at_size(names, make), at_size(0, make)) << names;
        EXPECT_EQ(at_size(names, make_directory), at_size(0, make_directory)) << names;
        EXPECT_EQ(at_size(names, move_it), at_size(0, move_it)) << names;
    }
}

using object::testing::name_of_number;

/// Makes /o an object of so many names.
object::dir_summary plant_object(memory_tree& t, std::uint64_t names) {
    block_writer blocks{t.kv};
    object::dir_builder builder{std::ref(blocks)};
    for (std::uint64_t n = 0; n < names; ++n)
        must(builder.push({name_of_number(n), object(1), 0644, {}, n}));
    auto made = must(builder.finish());
    must(blocks.finish());
    t.plant<entry>({root, {}, "o"}, {dentry::object{made.id}, generation{names}, {0755, {}, 0}});
    return made;
}

// F10, F11, F13: below an object, a look-up reads one block a level, and who makes it a node again
// reads none; a name that is made over it costs the look-up more than elsewhere.
TEST(Contracts, BelowAnObjectCostABlockALevel) {
    for (std::uint64_t names = 1; names <= names_max; names *= 100) {
        memory_tree t;
        const auto made = plant_object(t, names);
        EXPECT_LE(made.levels, 5u) << names;
        counting_store counted{t.kv};
        const auto cost = [&](auto&& act) {
            counted.forget();
            act();
            return counted.counts().gets + counted.counts().rows;
        };
        const auto path = "/o/" + name_of_number(names - 1);
        const auto above = cost([&] { must(resolve(counted, "/o")); });
        EXPECT_EQ(cost([&] {
                      EXPECT_EQ(must(resolve_through(counted, path)).what.about.size, names - 1);
                  }),
                  above + made.levels);

        id_blocks ids{counted};
        unrecorded me{counted, ids};
        must(ids.next());
        const any_rev dir{t.dir()};
        const auto name = t.name("/o");
        EXPECT_EQ(cost([&] { must(instantiate_directory(me, dir, name)); }), 0u);
        EXPECT_LE(counted.counts().writes, 8u);
        const auto in_node = cost([&] { must(resolve(counted, path)); });
        EXPECT_LE(in_node, above + made.levels + 4);
        const auto over = t.dir("/o");
        EXPECT_LE(cost([&] { must(create(me, any_rev{over}, "new", file(), {})); }),
                  made.levels + 1u);
    }
}

// Of two expectations of one directory the stricter is guarded, whichever comes first.
TEST(Contracts, ARenameInOneDirectoryGuardsTheStricterExpectation) {
    const row_names strict{"head p", "rev p", "entry p/x", "no entry p/new"};
    for (const bool first : {true, false}) {
        scene s{true, false};
        const at_rev exact{s.t.dir("/p")};
        const any_rev loose{s.t.dir("/p")};
        const auto move = moves("/p/x", "/p/new");
        s.counted.forget();
        first ? move(s, exact, loose) : move(s, loose, exact);
        EXPECT_EQ(s.now().guards, strict);
    }
}

}  // namespace
}  // namespace casement::testing::contracts_test
