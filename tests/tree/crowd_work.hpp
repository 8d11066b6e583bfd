#pragma once
// How a crowd works, for whoever makes one of another store; see crowd.hpp.

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include <casement/tree/ensure_path.hpp>
#include <casement/tree/finalize.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/rename.hpp>

#include "tree/crowd.hpp"

namespace casement::testing {

namespace crowd_detail {

using namespace casement::tree;
using dentry = protocol::dentry;

inline obj_id object_of(std::uint64_t number) {
    obj_id id{.kind = obj_id::file};
    for (std::size_t i = 0; i < 8; ++i) id.digest[i] = static_cast<std::byte>(number >> 8 * i);
    return id;
}

inline std::uint64_t number_of(const entry& e) {
    if (const auto* inode = std::get_if<dentry::inode>(&e.target)) return inode->node.value;
    std::uint64_t number = 0;
    if (const auto* o = std::get_if<dentry::object>(&e.target))
        for (std::size_t i = 8; i-- > 0;)
            number = number << 8 | std::to_integer<std::uint64_t>(o->id.digest[i]);
    return number;
}

/// The node that a change made; 0 if it made none.
using outcome = result<std::uint64_t>;

template <class T>
outcome no_node(const result<T>& r) {
    if (!r) return std::unexpected{r.error()};
    return 0;
}
inline outcome node_of(const result<created>& r) {
    if (!r) return std::unexpected{r.error()};
    return r->node.value;
}
inline outcome node_of(const result<create_outcome>& r) {
    if (!r) return std::unexpected{r.error()};
    if (const auto* made = std::get_if<created>(&*r)) return made->node.value;
    return fail(errc::exists, "create", "");
}

inline bool is_a_race(errc code) {
    switch (code) {
        case errc::conflict:
        case errc::not_found:
        case errc::exists:
        case errc::not_empty:
        case errc::illegal:
        case errc::in_use:
        case errc::fenced:
        case errc::loop:
        case errc::too_deep:
        case errc::is_a_directory:
        case errc::not_a_directory: return true;
        default: return false;
    }
}

/// Where a store is far, nobody may answer for a while, and what was asked may have happened.
template <store S>
bool is_silence(errc code) {
    return far<S> && (code == errc::io || code == errc::unknown_outcome);
}

template <store S>
class worker {
    using clock = std::chrono::steady_clock;

public:
    worker(S& kv, id_blocks<S>& ids, const tell& told, unsigned seed)
        : kv_{kv}, me_{kv, ids}, told_{told}, die_{seed} {}

    void act() {
        const auto dir = somewhere();
        if (!dir) return;
        const auto leaf = look_up(kv_, *dir, one_of("n", 6));
        const auto child = look_up(kv_, *dir, one_of("d", 3));
        if (!leaf || !child) return;
        switch (die(8)) {
            case 0: return make(*dir, leaf->key().name, child->key().name);
            case 1:
            case 2: return leaf->exists() ? change_leaf(*dir, *leaf) : void();
            case 3: return change_child(*dir, *child);
            case 4: return move_leaf(*dir, *leaf);
            case 5: return prune(*dir);
            default: return write_on();
        }
    }

    crowd_report report;

private:
    std::uint64_t die(unsigned sides) { return die_() % sides; }
    std::string one_of(const char* kind, unsigned n) { return kind + std::to_string(die(n)); }
    [[nodiscard]] static timestamp soon() { return {system_clock{}.now().ns + 200'000}; }

    /// A directory at most a few levels deep.
    std::optional<directory> somewhere() {
        auto dir = read_directory(kv_, root);
        while (dir && die(3) != 0) {
            const auto name = look_up(kv_, *dir, one_of("d", 3));
            const auto* child = name && name->exists() ? directory_in(**name) : nullptr;
            if (child == nullptr) break;
            dir = read_directory(kv_, *child);
        }
        if (!dir) return std::nullopt;
        return *dir;
    }

    void make(const directory& dir, std::string_view leaf, std::string_view child) {
        const any_rev at{dir};
        const auto number = me_.template next<generation>()->value;
        switch (die(5)) {
            case 0:
                return change(change_kind::create, 0, number, [&](auto& op) {
                    return node_of(create(op, at_rev{dir}, leaf, object(number), {}));
                });
            case 1:
                return change(change_kind::create, 0, number, [&](auto& op) {
                    return node_of(create(op, at, leaf, object(number), {}));
                });
            case 2:
                return change(change_kind::create_file, 0, 0,
                              [&](auto& op) { return node_of(create_file(op, at, leaf, {})); });
            case 3:
                return change(change_kind::create_directory, 0, 0, [&](auto& op) {
                    return node_of(create_directory(op, at, child, {}));
                });
            default:
                // What is there already is made once more, which changes nothing.
                return change(change_kind::create_directory, 0, 0, [&](auto& op) -> outcome {
                    const auto node = ensure_path(op, "/" + std::string{child}, {});
                    if (!node) return std::unexpected{node.error()};
                    return node->value;
                });
        }
    }

    void change_leaf(const directory& dir, const auto& name) {
        const any_rev at{dir};
        const auto takes = number_of(*name);
        const auto* node = file_in(*name);
        if (node != nullptr && die(4) != 0) return turn(dir, name, *node);
        const auto number = me_.template next<generation>()->value;
        switch (die(4)) {
            case 0:
                return change(change_kind::remove, takes, 0,
                              [&](auto& op) { return no_node(tree::remove(op, at, name)); });
            case 1:
                return change(change_kind::replace_target, takes, number, [&](auto& op) {
                    return no_node(replace_target(op, at, name,
                                                  dentry::replace_object{object_of(number)}, {}));
                });
            case 2:
                return change(change_kind::instantiate_file, takes, 0,
                              [&](auto& op) { return node_of(instantiate_file(op, at, name)); });
            default: return tried(change_kind::set_facts, set_facts(me_, at, name, 0600, {}));
        }
    }

    /// A file from one state to the next, whoever brought it there.
    void turn(const directory& dir, const auto& name, node_id node) {
        const auto was = read_file_node(kv_, node);
        const auto bound = read<binding>(kv_, node);
        if (!was || !bound) return;
        switch (die(6)) {
            case 0: return tried(change_kind::prepare, prepare(me_, *was));
            case 1: return tried(change_kind::abort, tree::abort(me_, *was));
            case 2: return tried(change_kind::reclaim, reclaim(me_, *was, system_clock{}.now()));
            case 3: {
                const auto number = me_.template next<generation>()->value;
                return change(change_kind::finalize, node.value, number, [&](auto& op) {
                    return no_node(
                        finalize(op, *was, *bound, any_rev{dir}, name, object_of(number), {}));
                });
            }
            default: {
                auto w = open_writer(me_, *was, soon());
                tried(change_kind::open_writer, w);
                if (w) writer_ = *std::move(w);
            }
        }
    }

    void write_on() {
        if (!writer_) return;
        if (die(2) == 0) return tried(change_kind::renew, renew(me_, *writer_, soon()));
        tried(change_kind::close_writer, close_writer(me_, *writer_));
        writer_.reset();
    }

    void change_child(const directory& dir, const auto& name) {
        const auto* node = name.exists() ? directory_in(*name) : nullptr;
        if (node == nullptr) return;
        if (die(3) == 0) {
            const auto empty = see_empty(kv_, *node);
            if (!empty) return;
            return change(change_kind::remove_directory, node->value, 0, [&](auto& op) {
                return no_node(remove_directory(op, any_rev{dir}, name, *empty));
            });
        }
        if (die(4) == 0)
            return tried(
                change_kind::set_directory_facts,
                set_directory_facts(me_, dir, 0700 + static_cast<std::uint32_t>(die(8)), {}));
        const auto to = somewhere();
        if (!to) return;
        const auto line = read_ancestry(kv_, to->node());
        const auto free = look_up(kv_, *to, one_of("d", 3));
        if (!line || !free) return;
        tried(change_kind::rename_directory,
              rename_directory(me_, any_rev{dir}, name, any_rev{*to}, *free, *line));
    }

    /// Goes down to a directory that has none in it, and takes away what it has, or itself. Renames
    /// bring directories to any depth, where nobody would come by chance.
    void prune(directory dir) {
        for (;;) {
            const auto names = list(kv_, dir.node());
            if (!names) return;
            const any_rev at{names->of()};
            std::vector<seen_name> leaves;
            std::optional<directory> below;
            for (const auto& each : *names) {
                const auto name = each.token();
                if (!name) return tried(change_kind::remove, name);
                const auto* child = directory_in(**name);
                if (child == nullptr) {
                    leaves.push_back(*name);
                } else if (const auto empty = see_empty(kv_, *child)) {
                    return change(change_kind::remove_directory, child->value, 0, [&](auto& op) {
                        return no_node(remove_directory(op, at, *name, *empty));
                    });
                } else if (auto deeper = read_directory(kv_, *child)) {
                    below = *std::move(deeper);
                }
            }
            if (!below) {
                for (const auto& name : leaves)
                    change(change_kind::remove, number_of(*name), 0,
                           [&](auto& op) { return no_node(tree::remove(op, at, name)); });
                return;
            }
            dir = *std::move(below);
        }
    }

    void move_leaf(const directory& dir, const auto& name) {
        const auto to = somewhere();
        if (!to) return;
        const auto there = look_up(kv_, *to, one_of("n", 6));
        if (!there) return;
        change(change_kind::rename, there->exists() ? number_of(**there) : 0, 0, [&](auto& op) {
            return no_node(tree::rename(op, any_rev{dir}, name, any_rev{*to}, *there));
        });
    }

    static dentry::create_object object(std::uint64_t number) { return {object_of(number)}; }

    /// A change that makes or takes something: told before and after.
    template <class Act>
    void change(change_kind what, std::uint64_t takes, std::uint64_t makes, Act act) {
        auto op = me_.begin();
        if (!op) return tried(what, op);
        const auto& name = op->name();
        std::ostringstream before, after;
        before << "try " << name.era << ' ' << name.id.value << ' ' << static_cast<int>(what) << ' '
               << takes << ' ' << makes << '\n';
        told_(before.str());
        const outcome made = act(*op);
        // Of what nobody knows, nothing is told: the store is asked later.
        if (made || made.error().code() != errc::unknown_outcome) {
            after << (made ? "did " : "not ") << name.id.value << ' ' << made.value_or(0) << '\n';
            told_(after.str());
        }
        tried(what, made);
    }

    template <class T>
    void tried(change_kind what, const result<T>& done) {
        if (done) {
            ++report.done[what];
            const auto now = clock::now();
            report.longest_pause = std::max(report.longest_pause, now - last_done_);
            last_done_ = now;
        } else if (is_silence<S>(done.error().code())) {
            ++report.unanswered;
        } else if (!is_a_race(done.error().code())) {
            report.wrong += done.error().message() + '\n';
        }
    }

    S& kv_;
    recorded<S> me_;
    clock::time_point last_done_ = clock::now();
    const tell& told_;
    std::mt19937 die_;
    std::optional<writer> writer_;
};

}  // namespace crowd_detail

template <store S>
crowd_report crowd(S& kv, int threads, const std::function<bool()>& over, const tell& told) {
    id_blocks ids{kv};
    crowd_report all;
    std::mutex mutex;
    std::random_device seeds;
    std::vector<std::jthread> running;
    for (int n = 0; n < threads; ++n)
        running.emplace_back([&, seed = seeds()] {
            crowd_detail::worker<S> w{kv, ids, told, seed};
            while (!over()) w.act();
            const std::lock_guard lock{mutex};
            for (const auto& [what, n_done] : w.report.done) all.done[what] += n_done;
            all.wrong += w.report.wrong;
            all.unanswered += w.report.unanswered;
            all.longest_pause = std::max(all.longest_pause, w.report.longest_pause);
        });
    running.clear();
    return all;
}

namespace crowd_detail {

/// What the operation made, if it has happened.
template <store S>
result<std::optional<std::uint64_t>> settled(once<S>& op, change_kind what) {
    const auto as = [&](auto node, auto sample) -> result<std::optional<std::uint64_t>> {
        const auto was = op.template settle<decltype(sample)>(what);
        if (!was) return std::unexpected{was.error()};
        return *was ? std::optional{node(**was)} : std::nullopt;
    };
    const auto none = [](const auto&) { return std::uint64_t{0}; };
    switch (what) {
        case change_kind::create:
        case change_kind::create_file:
        case change_kind::create_directory:
        case change_kind::instantiate_file:
            return as([](const created& c) { return c.node.value; }, created{});
        case change_kind::remove:
        case change_kind::remove_directory: return as(none, done{});
        default: return as(none, generation{});
    }
}

/// The number of each name that the root leads to.
template <store S>
std::multiset<std::uint64_t> numbers_in(const S& kv) {
    std::multiset<std::uint64_t> out;
    std::vector<node_id> ahead{root};
    while (!ahead.empty()) {
        const auto names = list(kv, ahead.back());
        ahead.pop_back();
        if (!names) continue;  // the rows' own order is another check
        for (const auto& each : *names) {
            const auto row = each.row();
            if (!row) continue;
            out.insert(number_of(*row));
            const auto* child = directory_in(*row);
            if (child != nullptr && out.count(child->value) == 1) ahead.push_back(*child);
        }
    }
    return out;
}

}  // namespace crowd_detail

template <store S>
std::size_t ledger::settle(S& kv) {
    id_blocks ids{kv};
    recorded me{kv, ids};
    for (const auto& [id, c] : open_) {
        auto op = me.recall(c.name);
        require(op.has_value(), "the operation is kept");
        const auto node = crowd_detail::settled(*op, c.what);
        require(node.has_value(), "the store says what became of it");
        if (*node) happened(c, **node);
    }
    const auto n = open_.size();
    open_.clear();
    return n;
}

template <store S>
std::string ledger::differences(const S& kv) const {
    require(open_.empty(), "all changes are settled");
    const auto there = crowd_detail::numbers_in(kv);
    std::string out;
    const auto tell_of = [&](std::uint64_t n, std::string_view what) {
        constexpr std::size_t told_max = 1000;  // bytes
        if (out.size() < told_max) out += std::to_string(n) + std::string{what} + '\n';
    };
    for (const auto n : made_)
        if (!taken_.contains(n) && !there.contains(n)) tell_of(n, " is lost");
    for (const auto n : there) {
        if (!made_.contains(n)) tell_of(n, " was made by nobody");
        if (taken_.contains(n)) tell_of(n, " has come back");
        if (there.count(n) > 1) tell_of(n, " is there twice");
    }
    return out;
}

}  // namespace casement::testing
