#pragma once
// What must be true of a tree, whoever has changed it, and what mends it where it is not (SPEC F17,
// F23). Faults come from broken disks and broken programs, never from crashes. Each is mended by a
// commit of its own that guards what was found; nothing that has a name, or had one, is thrown
// away: what has lost its place comes to /lost+found. Reads every row of the tree but no byte of a
// file: for those see verify. One thread; beside others, who are in nobody's way.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/operation.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/object/file_object.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/content.hpp>
#include <casement/tree/ensure_path.hpp>
#include <casement/tree/inventory.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/rows.hpp>

namespace casement::tree {

/// One thing that is not as it must be.
struct fault {
    std::string what;
    std::string where;   // a node, and a name in it
    std::string remedy;  // what mends it; empty: nothing can
};

/// What was wrong with the tree, and what still is.
struct checkup {
    std::vector<fault> found;  // before anything was mended
    std::vector<fault> left;   // after it
    std::uint64_t mended = 0;
};

namespace detail {

/// The rows of a tree at one instant, and what is wrong with them.
template <client C>
class check_round {
    using store_type = typename std::remove_cvref_t<C>::store_type;
    using mend = std::function<result<void>(transaction<store_type>&)>;

public:
    explicit check_round(C& me) : me_{me}, kv_{me.rows()} {}

    result<void> look() {
        const auto now = kv_.snapshot();
        auto all = read_inventory(now);
        if (!all) return passed(all);
        rows_ = *std::move(all);
        for (const auto& key : rows_.strange)
            found("a row that is none", printable(key), std::string{}, mend{});
        check_root();
        for (const auto& [node, h] : rows_.heads) check_head(now, node, h);
        for (const auto& [at, e] : rows_.entries) check_entry(now, at, e);
        for (const auto& [node, b] : rows_.bindings) check_binding(node, b);
        for (const auto& [node, f] : rows_.files) check_file(node, f);
        for (const auto& [node, l] : rows_.leases)
            if (!rows_.files.contains(node) && !rows_.named.contains(node))
                found("a lease without a file", node, {}, "it is erased", erases(l));
        for (const auto& [node, r] : rows_.revs)
            if (!rows_.heads.contains(node) && !rows_.named.contains(node) &&
                !rows_.has_entries(node))
                found("a rev without a head", node, {}, "it is erased", erases(r));
        // Where more is broken, what seems lost may be found again.
        if (remedies_.empty()) check_orphans();
        if (auto numbers = check_numbers(now); !numbers) return numbers;
        if (auto sentences = check_sentences(now); !sentences) return sentences;
        return check_frames(now);
    }

    [[nodiscard]] const std::vector<fault>& faults() const { return faults_; }

    /// Tries each remedy; answers how many commits were made. What others changed meanwhile, and
    /// what one remedy changed for another, the next round sees.
    result<std::uint64_t> mend_all() {
        std::uint64_t made = 0;
        for (const auto& remedy : remedies_) {
            transaction t{kv_};
            auto done = remedy(t);
            if (done)
                if (auto committed = t.commit(); !committed) done = passed(committed);
            if (done) {
                ++made;
            } else if (const auto code = done.error().code();
                       code != errc::conflict && code != errc::unknown_outcome) {
                return within(std::move(done), "mend", "");
            }
        }
        return made;
    }

private:
    using place = inventory::place;

    // --- the faults ------------------------------------------------------------------------------

    void found(std::string what, std::string where, std::string remedy, mend by) {
        if (by)
            remedies_.push_back(std::move(by));
        else
            remedy.clear();
        faults_.push_back({std::move(what), std::move(where), std::move(remedy)});
    }
    void found(std::string what, std::uint64_t node, std::string_view name, std::string remedy,
               mend by) {
        auto where = std::to_string(node);
        if (!name.empty()) where += " '" + printable(name) + "'";
        found(std::move(what), std::move(where), std::move(remedy), std::move(by));
    }

    template <row R>
    static mend erases(const seen<R>& token) {
        return [token](auto& t) -> result<void> {
            t.expect(token, "it is as it was found");
            t.template erase<R>(token.key());
            return {};
        };
    }

    /// A directory that shows what it has; empty if it has nothing.
    void put_head(transaction<store_type>& t, std::uint64_t node) const {
        t.template expect_absent<head>(node_id{node}, "there is no head");
        t.template put<head>(node_id{node}, {protocol::directory::alive{},
                                             layer_id{rows_.layer_of(node).value_or(0)},
                                             0755,
                                             {},
                                             {}});
        t.template bump<rev>(node_id{node});
    }
    mend makes_head(std::uint64_t node) const {
        return [this, node](auto& t) -> result<void> {
            put_head(t, node);
            return {};
        };
    }

    void check_root() {
        if (!rows_.heads.contains(root.value))
            found("no root", root.value, {}, "it is made", makes_head(root.value));
        if (const auto b = rows_.bindings.find(root.value); b != rows_.bindings.end())
            found("a bound root", root.value, {}, "the binding is erased", erases(b->second));
    }

    template <class Read>
    void check_head(const Read& now, std::uint64_t node, const seen<head>& h) {
        if (!rows_.revs.contains(node))
            found("a head without a rev", node, {}, "it gets one", [h](auto& t) -> result<void> {
                t.expect(h, "it is as it was found");
                t.template bump<rev>(h.key());
                return {};
            });
        if (!h->base) return;
        const auto base = read<object_row>(now, *h->base);
        if (!base || !base->exists()) found("a base that is not stored", node, {}, {}, {});
    }

    template <class Read>
    void check_entry(const Read& now, const place& at, const seen<entry>& e) {
        if (rows_.hidden.contains({at.parent, at.layer})) return;  // and soon swept
        const auto dir = rows_.heads.find(at.parent);
        if (dir == rows_.heads.end()) {
            if (at.parent != root.value && headless_.insert(at.parent).second)
                found("an entry in no directory", at.parent, at.name, "the directory is made",
                      makes_head(at.parent));
            return;
        }
        const auto shown = dir->second->layer.value;
        if (at.layer < shown) return check_unseen(at, dir->second);
        if (at.layer > shown) return check_early(at, e, dir->second);
        if (!check_name(at.name))
            found("a bad name", at.parent, at.name, "it gets another", renames(e));
        if (!check_target(e->target)) found("a bad link", at.parent, at.name, {}, {});
        highest_ = std::max(highest_, e->written.value);
        if (!generations_.insert(e->written.value).second)
            found("a generation used twice", at.parent, at.name, "it gets its own", rewrites(e));
        if (const auto* inode = std::get_if<protocol::dentry::inode>(&e->target))
            check_child(at, e, *inode);
        else if (const auto* object = object_in(*e))
            check_object(now, at, *object);
    }

    void check_unseen(const place& at, const seen<head>& h) {
        if (!unswept_.insert({at.parent, at.layer}).second) return;
        found("entries that nobody sees or sweeps", at.parent, at.name, "they are swept",
              [h, at](auto& t) -> result<void> {
                  t.expect(h, "they are hidden still");
                  t.template put<hidden>({node_id{at.parent}, layer_id{at.layer}}, {});
                  return {};
              });
    }

    void check_early(const place& at, const seen<entry>& e, const seen<head>& h) {
        found("an entry of a layer to come", at.parent, at.name, "it is shown, if its name is free",
              [e, h](auto& t) -> result<void> {
                  t.expect(h, "the directory is as it was found");
                  t.expect(e, "it is as it was found");
                  t.template erase<entry>(e.key());
                  t.template expect_absent<entry>({e.key().parent, h->layer, e.key().name},
                                                  "its name is free");
                  t.template put<entry>({e.key().parent, h->layer, e.key().name}, *e);
                  t.template bump<rev>(e.key().parent);
                  return {};
              });
    }

    /// The same target under a name that is one.
    static mend renames(const seen<entry>& e) {
        return [e](auto& t) -> result<void> {
            const auto name = "unnamed-" + std::to_string(e->written.value);
            t.expect(e, "it is as it was found");
            t.template erase<entry>(e.key());
            t.template expect_absent<entry>({e.key().parent, e.key().layer, name}, "it is free");
            t.template put<entry>({e.key().parent, e.key().layer, name}, *e);
            if (const auto* inode = std::get_if<protocol::dentry::inode>(&e->target))
                t.template put<binding>(inode->node, {e.key().parent, name});
            t.template bump<rev>(e.key().parent);
            return {};
        };
    }

    mend rewrites(const seen<entry>& e) {
        return [this, e](auto& t) -> result<void> {
            const auto written = me_.template next<generation>();
            if (!written) return std::unexpected{written.error()};
            t.replace(e, entry{e->target, *written, e->about}, "it is as it was found");
            t.template bump<rev>(e.key().parent);
            return {};
        };
    }

    void check_child(const place& at, const seen<entry>& e, const protocol::dentry::inode& to) {
        const auto node = to.node.value;
        highest_ = std::max(highest_, node);
        const bool directory = to.kind == obj_id::directory;
        if (directory && !rows_.heads.contains(node)) {
            found("an entry of no directory", node, at.name, "the directory is made",
                  makes_head(node));
        } else if (!directory && !rows_.files.contains(node)) {
            found("an entry of no file", node, at.name, "it is an empty file",
                  [this, node](auto& t) -> result<void> {
                      t.template expect_absent<file_row>(node_id{node}, "there is none");
                      put_file(t, node, protocol::file::cooling{seq_of_lease(node), {}});
                      return {};
                  });
        }
        if (rows_.is_bound_to(node, at)) {
            (void)reached_.insert(node);
        } else if (rows_.is_bound_well(node)) {
            found("a second name of a node", at.parent, at.name, "the name is erased",
                  [e](auto& t) -> result<void> {
                      t.expect(e, "it is as it was found");
                      t.template erase<entry>(e.key());
                      t.template bump<rev>(e.key().parent);
                      return {};
                  });
        } else if (reached_.insert(node).second) {
            found("an entry that its node does not know", node, at.name, "the node is bound to it",
                  [e, node](auto& t) -> result<void> {
                      t.expect(e, "it is as it was found");
                      t.template put<binding>(node_id{node},
                                              {e.key().parent, std::string{e.key().name}});
                      return {};
                  });
        }
    }

    template <class Read>
    void check_object(const Read& now, const place& at, const obj_id& id) {
        const auto row = read<object_row>(now, id);
        if (!row || !row->exists())
            return found("an object that is not stored", at.parent, at.name, {}, {});
        if (id.kind != obj_id::file) return;
        const auto file = object::file_object_from_bytes((*row)->bytes);
        const auto bytes = file ? now.get(row_key<content>(file->content)) : result<found_row>{};
        if (!file || !bytes || !bytes->value)
            found("a content that is not stored", at.parent, at.name, {}, {});
    }
    using found_row = casement::found;

    void check_binding(std::uint64_t node, const seen<binding>& b) {
        if (rows_.heads.contains(node) || rows_.files.contains(node) || rows_.named.contains(node))
            return;
        found("a binding of no node", node, b->name, "it is erased", erases(b));
    }

    // --- files -----------------------------------------------------------------------------------

    [[nodiscard]] protocol::lease_seq seq_of_lease(std::uint64_t node) const {
        const auto l = rows_.leases.find(node);
        if (l == rows_.leases.end()) return {1};
        return next(std::visit([](const auto& s) { return s.seq; }, l->second->now));
    }
    /// In that state, and nobody has a lease.
    void put_file(transaction<store_type>& t, std::uint64_t node, state<protocol::file> now) const {
        const auto seq = std::visit([](const auto& s) { return s.seq; }, now);
        t.template put<file_row>(node_id{node}, {std::move(now)});
        t.template put<lease_row>(node_id{node}, {protocol::lease::free{seq}});
    }

    void check_file(std::uint64_t node, const seen<file_row>& f) {
        using file = protocol::file;
        if (const auto* staging = staging_in(f->now)) highest_ = std::max(highest_, staging->value);
        const auto l = rows_.leases.find(node);
        const auto seq = [](const auto& s) { return s.seq; };
        const auto own = std::visit(seq, f->now);
        const bool agree = l != rows_.leases.end() && std::visit(seq, l->second->now) == own &&
                           std::holds_alternative<file::working>(f->now) ==
                               std::holds_alternative<protocol::lease::held>(l->second->now);
        if (agree) return;
        found("a file and a lease that disagree", node, {}, "both are revoked",
              [this, f, own, node](auto& t) -> result<void> {
                  auto now = f->now;
                  if (const auto* open = std::get_if<file::working>(&now))
                      now = file::cooling{open->seq, open->staging};
                  const auto after = std::max(seq_of_lease(node).value, next(own).value);
                  std::visit([&](auto& s) { s.seq = {after}; }, now);
                  t.expect(f, "it is as it was found");
                  put_file(t, node, std::move(now));
                  return {};
              });
    }
    static const protocol::staging_id* staging_in(const state<protocol::file>& s) {
        return std::visit(
            []<class T>(const T& now) -> const protocol::staging_id* {
                if constexpr (requires { now.staging; })
                    return &now.staging;
                else
                    return nullptr;
            },
            s);
    }

    // --- what leads nowhere ----------------------------------------------------------------------

    /// Nodes that no way from the root leads to: the highest of each come to /lost+found, and with
    /// them all below; a loop is cut at its lowest node.
    void check_orphans() {
        std::set<std::uint64_t> lost;
        for (const auto& [node, _] : rows_.heads)
            if (node != root.value && !comes_from_root(node)) lost.insert(node);
        for (const auto& [node, _] : rows_.files)
            if (!comes_from_root(node)) lost.insert(node);
        for (const auto node : lost) {
            const auto above =
                rows_.is_bound_well(node) ? rows_.bindings.at(node)->parent.value : node;
            if (above != node && lost.contains(above) && node != rows_.lowest_of_loop(node))
                continue;
            found("a node that no path leads to", node, {}, "it comes to /lost+found",
                  [this, node](auto& t) { return bring_home(t, node); });
        }
    }
    [[nodiscard]] bool comes_from_root(std::uint64_t node) const {
        for (std::size_t steps = 0; steps <= rows_.bindings.size(); ++steps) {
            if (node == root.value) return true;
            // Another name, that it does not know: it is bound to it first.
            if (!rows_.is_bound_well(node)) return reached_.contains(node);
            node = rows_.bindings.at(node)->parent.value;
        }
        return false;
    }
    result<void> bring_home(transaction<store_type>& t, std::uint64_t node) {
        const auto home = ensure_path(me_, "/lost+found", {0700, {}, 0});
        if (!home) return std::unexpected{home.error()};
        const auto dir = read<head>(kv_, *home);
        if (!dir) return std::unexpected{dir.error()};
        const auto written = me_.template next<generation>();
        if (!written) return std::unexpected{written.error()};
        if (rows_.is_bound_well(node)) {  // its name is in a loop
            const auto& b = rows_.bindings.at(node);
            const auto& e = rows_.entries.at(
                {b->parent.value, rows_.heads.at(b->parent.value)->layer.value, b->name});
            t.expect(e, "it is as it was found");
            t.template erase<entry>(e.key());
            t.template bump<rev>(e.key().parent);
        }
        const bool directory = rows_.heads.contains(node);
        const auto name = "node-" + std::to_string(node);
        t.expect(*dir, "the directory of what was lost is there");
        t.template expect_absent<entry>({*home, (*dir)->layer, name}, "it is not there yet");
        const auto kind = directory ? obj_id::directory : obj_id::file;
        t.template put<entry>({*home, (*dir)->layer, name},
                              {protocol::dentry::inode{node_id{node}, kind},
                               *written,
                               {directory ? 0755u : 0644u, {}, 0}});
        t.template put<binding>(node_id{node}, {*home, name});
        t.template bump<rev>(*home);
        return {};
    }

    // --- numbers ---------------------------------------------------------------------------------

    template <class Read>
    result<void> check_numbers(const Read& now) {
        const auto counts = [&](const auto& nodes) {
            if (!nodes.empty()) highest_ = std::max(highest_, nodes.rbegin()->first);
        };
        counts(rows_.heads);
        counts(rows_.files);
        std::vector<std::string> strange;
        auto all = each_row<operation>(
            now, strange, [&](auto token) { highest_ = std::max(highest_, token.key().id.value); });
        if (!all) return all;
        const auto given = read<allocator>(now, {});
        const auto below = given && given->exists() ? (*given)->next : 0;
        if (!given || highest_ < below || highest_ < id_blocks<store_type>::first_id) return {};
        found("a number that was never given", highest_, {}, "the next to be given is above it",
              [given = *given, above = highest_ + 1](auto& t) -> result<void> {
                  t.replace(given, allocator{above}, "it is as it was found");
                  return {};
              });
        return {};
    }

    template <class Read>
    result<void> check_sentences(const Read& now) {
        std::vector<std::string> strange;
        return each_row<condemned>(now, strange, [&](auto token) {
            const auto which = token.key();
            const auto row = which == whole(which.of)
                                 ? now.get(row_key<content>(which.of))
                                 : now.get(row_key<object_row>({obj_id::directory, which.of}));
            if (row && !row->value)
                found("something condemned that is not stored", to_hex(which.of),
                      std::string{"it is pardoned"}, erases(token));
        });
    }

    /// Contents in packs, and what says so from the packs' side.
    template <class Read>
    result<void> check_frames(const Read& now) {
        std::vector<std::string> strange;
        auto all = each_row<content>(now, strange, [&](auto token) {
            const auto& where = token->where;
            if (where.kind != blob::placement::packed) return;
            const auto frame = read<packed_frame>(now, {where.position});
            if (frame && (!frame->exists() || **frame != packed_frame{where.content, where.size}))
                found("a frame that its pack does not know", to_hex(where.content),
                      std::string{"it is told"}, [token](auto& t) -> result<void> {
                          t.expect(token, "it is where it was found");
                          add_frame(t, token->where);
                          return {};
                      });
        });
        if (!all) return all;
        return each_row<packed_frame>(now, strange, [&](auto token) {
            const auto row = read<content>(now, token->of);
            if (!row || (row->exists() && (*row)->where.position == token.key().position &&
                         (*row)->where.kind == blob::placement::packed))
                return;
            found("a frame that nothing names", to_hex(token->of), std::string{"it is dead"},
                  erases(token));
        });
    }

    C& me_;
    store_type& kv_;
    inventory rows_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> unswept_;  // told already
    std::set<std::uint64_t> reached_;   // of those, the ones that are bound, or will be
    std::set<std::uint64_t> headless_;  // told already
    std::set<std::uint64_t> generations_;
    std::uint64_t highest_ = 0;  // number that is used
    std::vector<fault> faults_;
    std::vector<mend> remedies_;
};

}  // namespace detail

/// Finds what is not as it must be; with `mends`, mends what can be mended, until nothing can.
/// Memory: the rows of the tree.
template <client C>
[[nodiscard]] result<checkup> fsck(C&& me, bool mends) {
    constexpr int rounds_max = 16;
    checkup all;
    for (int rounds = 0;; ++rounds) {
        detail::check_round round{me};
        if (auto looked = round.look(); !looked) return within(std::move(looked), "fsck", "");
        if (rounds == 0) all.found = round.faults();
        all.left = round.faults();
        if (!mends || rounds == rounds_max) return all;
        auto made = round.mend_all();
        if (!made) return within(std::move(made), "fsck", "");
        if (*made == 0) return all;
        all.mended += *made;
    }
}

}  // namespace casement::tree
