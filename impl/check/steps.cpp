#include "steps.hpp"

#include <algorithm>
#include <utility>

#include <casement/core/codec.hpp>

namespace casement::check::detail {

steps::steps(const story& of, const scope& in, texts& text, contents& rows, script& actors,
             worlds& all, reads distrusted)
    : story_{of},
      scope_{in},
      text_{text},
      rows_{rows},
      script_{actors},
      worlds_{all},
      distrusted_{std::move(distrusted)} {}

template <class Make>
std::span<const outcome> steps::memo(pairs& done, std::vector<kept>& where, std::uint32_t a,
                                     std::uint32_t b, Make make) {
    auto n = done.find(a, b);
    if (n == index::none) {
        scratch_.clear();
        make();
        n = done.add(a, b);
        where.push_back({made_.size(), made_.size() + scratch_.size()});
        made_.insert(made_.end(), scratch_.begin(), scratch_.end());
    }
    return {made_.data() + where[n].begin, where[n].end - where[n].begin};
}

std::span<const outcome> steps::single(std::uint32_t world, std::uint32_t node) {
    return memo(single_, single_kept_, world, node, [&] { from(world, node); });
}

std::span<const outcome> steps::whole(std::uint32_t world, std::uint32_t node) {
    return memo(whole_, whole_kept_, world, node, [&] { whole_from(world, node); });
}

std::span<const outcome> steps::of_world(std::uint32_t world) {
    return memo(outside_, outside_kept_, world, 0, [&] {
        const auto now = worlds_[world];
        if (story_.may_strike().ticks > 0) {
            auto later = now;
            ++later.ticks;
            outcome o;
            o.world = worlds_.number(later);
            o.struck = fault::tick;
            scratch_.push_back(o);
        }
        for (std::size_t i = 0; i < now.zombies.size(); ++i) {
            const call& c = script_.call_at(now.zombies[i]);
            if (rows_.broken_guard(now.rows, c,
                                   [&](const auto& g) { return forgets(c.operation, g.name); }))
                continue;
            const auto rows = rows_.after(now.rows, c);
            if (!rows) continue;
            auto later = now;
            later.rows = *rows;
            later.zombies.erase(later.zombies.begin() + static_cast<std::ptrdiff_t>(i));
            outcome o;
            o.world = worlds_.number(later);
            o.at = static_cast<std::uint32_t>(i);
            o.complaint = judged(now.rows, *rows, c.operation);
            scratch_.push_back(o);
        }
    });
}

bool steps::forgets(std::string_view operation, std::string_view guard) const {
    return std::ranges::any_of(scope_.without, [&](const left_out& m) {
        return m.guard == guard && (m.operation.empty() || m.operation == operation);
    });
}

// Far above the ids that a canonical form gives, and apart from each other.
std::uint32_t steps::block_begin(std::uint32_t block) const {
    return (1u << 20) + block * static_cast<std::uint32_t>(id_blocks<stage>::block_ids);
}

std::uint32_t steps::complain(std::string property, std::string words) {
    const auto [at, fresh] = complaint_numbers_.try_emplace(
        {std::move(property), std::move(words)}, static_cast<std::uint32_t>(complaints_.size()));
    if (fresh) complaints_.push_back(at->first);
    return at->second;
}

std::uint32_t steps::judged(std::uint32_t before, std::uint32_t after,
                            const std::string& operation) {
    if (before == after) return no_complaint;
    keep_promise(before, after);
    for (const auto& p : story_.properties()) {
        if (p.what != property::kind::every_change) continue;
        if (auto wrong = p.of_change({rows{rows_, before}, rows{rows_, after}, operation});
            !wrong.empty())
            return complain(p.name, std::move(wrong));
    }
    return no_complaint;
}

// A row that `covers` names must have changed with every row of its range.
void steps::keep_promise(std::uint32_t before, std::uint32_t after) {
    if (!story_.covers()) return;
    const rows old{rows_, before}, now{rows_, after};
    std::size_t i = 0, j = 0;
    while (i < old.size() || j < now.size()) {
        const bool gone = j == now.size() || (i < old.size() && old.key(i) < now.key(j));
        const bool made = !gone && (i == old.size() || now.key(j) < old.key(i));
        const std::string key{gone ? old.key(i) : now.key(j)};
        const bool same = !gone && !made && old.value(i) == now.value(j);
        i += made ? 0 : 1;
        j += gone ? 0 : 1;
        if (same) continue;
        const auto cover = story_.covers()(key, key + '\0');
        if (cover && rows_.get(before, *cover) == rows_.get(after, *cover) && lost_.empty())
            lost_ = "the promise of `covers` is broken: " + printable(key) + " changed and " +
                    printable(*cover) + " did not";
    }
}

std::uint32_t steps::read(std::uint32_t rows, std::uint32_t ticks, const call& c) {
    using kind = call::kind;
    switch (c.what) {
        case kind::get:
        case kind::snapshot_get: return rows_.get(rows, c.key);
        case kind::scan:
        case kind::snapshot_scan: return text_.number(to_text(rows_.scan(rows, c.key, c.last)));
        case kind::snapshot: return answer::taken;
        case kind::now: {
            std::string time;
            append_big64(time, ticks * static_cast<std::uint64_t>(story_.tick().count()));
            return text_.number(time);
        }
        default: require(false, "a read"); return 0;
    }
}

// On to where the actor waits for its next step, or to the end of its turn.
void steps::arrive(std::uint32_t w, std::uint32_t node, outcome o) {
    const auto rows = worlds_.rows(w);
    for (;;) {
        const call& c = script_.asks(node);
        if (c.is_of_snapshot()) {
            node = script_.after(node, read(rows, 0, c));
        } else if (c.what == call::kind::fresh) {
            uses_blocks_ = true;
            node = script_.after(node, block_begin(script_.block(node)));
        } else {
            break;
        }
    }
    o.world = w;
    o.node = node;
    const call& c = script_.asks(node);
    if (c.ends()) {
        o.ends_turn = true;
        if (c.what == call::kind::lost && lost_.empty()) lost_ = c.key;
        if (c.what == call::kind::broken) o.complaint = complain(c.key, "said by the actor");
        o.node = script_.at_rest(script_.body_of(node), c.what == call::kind::done ? c.key : "");
    }
    scratch_.push_back(o);
}

// A turn that ends here for no reason of its own.
void steps::crash(std::uint32_t w, std::uint32_t node) {
    outcome o;
    o.world = w;
    o.node = script_.at_rest(script_.body_of(node), "crashed");
    o.struck = fault::crash;
    o.ends_turn = true;
    o.at = node;
    scratch_.push_back(o);
}

void steps::from(std::uint32_t w, std::uint32_t node) {
    const call& c = script_.asks(node);
    outcome o;
    o.at = node;
    switch (c.what) {
        case call::kind::choose:
            for (std::size_t i = 0; i < c.ways.size(); ++i) {
                ++ways_[c.ways[i]];
                from(w, script_.after(node, static_cast<std::uint32_t>(i)));
            }
            return;
        case call::kind::fresh:
            uses_blocks_ = true;
            return from(w, script_.after(node, block_begin(script_.block(node))));
        case call::kind::commit: return commit(w, node, c);
        case call::kind::done:
        case call::kind::broken:
        case call::kind::lost: return arrive(w, node, o);
        default: break;
    }
    if (!script_.rests(node) && story_.may_strike().crashes > 0) crash(w, node);
    const auto now = worlds_[w];
    arrive(w, script_.after(node, read(now.rows, now.ticks, c)), o);
}

void steps::commit(std::uint32_t w, std::uint32_t node, const call& c) {
    const auto now = worlds_[w];
    const auto& may = story_.may_strike();
    for (const auto& g : c.guards) {
        auto& count = guards_[{c.operation, g.name}];
        ++(rows_.holds(now.rows, g) ? count.held : count.failed);
    }
    const auto broken = rows_.broken_guard(
        now.rows, c, [&](const auto& g) { return forgets(c.operation, g.name); });
    std::uint32_t said = answer::committed, after = w;
    if (c.guards.size() + c.writes.size() > commit_rows_max) {
        said = answer::too_big;
    } else if (broken) {
        said = answer::conflict + static_cast<std::uint32_t>(*broken);
    } else if (const auto rows = rows_.after(now.rows, c)) {
        auto later = now;
        later.rows = *rows;
        after = worlds_.number(later);
    } else {
        said = answer::corrupt;
    }
    outcome o;
    o.at = node;
    o.complaint = judged(now.rows, worlds_.rows(after), c.operation);
    arrive(after, script_.after(node, said), o);

    if (may.crashes > 0) {
        if (!script_.rests(node)) crash(w, node);
        if (after != w) {
            crash(after, node);
            scratch_.back().complaint = o.complaint;
        }
    }
    if (may.lost_replies > 0) {
        o.struck = fault::lost_reply;
        arrive(after, script_.after(node, answer::unknown), o);
        if (after != w) {
            o.complaint = no_complaint;
            arrive(w, script_.after(node, answer::unknown), o);
        }
    }
    if (may.zombies > 0) {
        auto later = now;
        later.zombies.insert(std::ranges::lower_bound(later.zombies, script_.call_number(node)),
                             script_.call_number(node));
        o.struck = fault::zombie;
        o.complaint = no_complaint;
        arrive(worlds_.number(later), script_.after(node, answer::unknown), o);
    }
    if (may.spurious > 0) {
        o.struck = fault::spurious;
        o.complaint = no_complaint;
        arrive(w, script_.after(node, answer::spurious), o);
    }
}

void steps::whole_from(std::uint32_t w, std::uint32_t node) {
    const call& c = script_.asks(node);
    if (c.what == call::kind::choose) {
        for (std::size_t i = 0; i < c.ways.size(); ++i) {
            ++ways_[c.ways[i]];
            whole_from(w, script_.after(node, static_cast<std::uint32_t>(i)));
        }
        return;
    }
    if (!begins_anew(node) || !solo(w, node)) from(w, node);
}

// Nothing has been read since the turn's beginning or since its last commit.
bool steps::begins_anew(std::uint32_t node) {
    for (; !script_.rests(node); node = script_.parent(node)) {
        const call& before = script_.asks(script_.parent(node));
        if (before.what == call::kind::commit) return script_.answer_at(node) == answer::committed;
        if (before.what != call::kind::fresh && before.what != call::kind::choose) return false;
    }
    return true;
}

bool steps::guards(const call& commit, const call& read) const {
    const auto has = [&](std::string_view key) {
        return std::ranges::any_of(commit.guards, [&](const auto& g) {
            return g.key == key && !forgets(commit.operation, g.name);
        });
    };
    if (!read.ranges()) return has(read.key);
    const auto cover = story_.covers() ? story_.covers()(read.key, read.last) : std::nullopt;
    return cover && has(*cover);
}

// Runs on alone, to where the turn commits, ends, or asks what cannot be foreseen.
std::uint32_t steps::alone(std::uint32_t rows, std::uint32_t node, std::vector<look>* log) {
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const call& c = script_.asks(node);
        if (!c.reads() && c.what != call::kind::fresh) break;
        const auto said =
            c.what == call::kind::fresh ? block_begin(script_.block(node)) : read(rows, 0, c);
        if (log) log->push_back({node, said});
        node = script_.after(node, said);
    }
    return node;
}

// The other answers that a read could have had: all values that the row is known to take, and none.
std::vector<std::uint32_t> steps::others(const look& read) {
    std::vector<std::uint32_t> all;
    const call& c = script_.asks(read.node);
    if (!c.reads() || c.ranges() || c.what == call::kind::snapshot) return all;
    const auto known = rows_.values(c.key);
    all.assign(known.begin(), known.end());
    all.push_back(answer::absent);
    std::erase(all, read.answer);
    return all;
}

// The first read that the commit should guard and does not. What a read has said may go unguarded
// only if it makes no difference. The commit's own node is the last of `log`.
std::optional<std::string> steps::uncovered(std::uint32_t rows, const std::vector<look>& log) {
    const call& commit = script_.asks(log.back().node);
    for (const auto& at : log) {
        const call& r = script_.asks(at.node);
        if (!r.reads() || r.what == call::kind::snapshot || guards(commit, r)) continue;
        if (r.ranges() || distrusted_.contains({commit.operation, r.key})) return r.key;
        if (believed_.contains({at.node, log.back().node})) continue;
        if (matters(rows, at, log.back().node)) return r.key;
        believed_.emplace(std::pair{at.node, log.back().node},
                          belief{commit.operation, r.key, rows, at});
    }
    return std::nullopt;
}

// Whether another value of the row that was read would have led to another commit. To no commit at
// all is no difference: who does nothing could as well not have begun.
bool steps::matters(std::uint32_t rows, const look& read, std::uint32_t commit) {
    return std::ranges::any_of(others(read), [&](std::uint32_t other) {
        const auto end = alone(rows, script_.after(read.node, other), nullptr);
        const call& c = script_.asks(end);
        if (c.what == call::kind::done) return false;
        return c.what != call::kind::commit ||
               script_.call_number(end) != script_.call_number(commit);
    });
}

// Alone it commits nothing. Whether it could, without guarding what it has read, had one of its
// reads come from another moment than the rest.
bool steps::could_commit(std::uint32_t rows, const std::vector<look>& log) {
    for (std::size_t i = 0; i < log.size(); ++i)
        for (const auto other : others(log[i])) {
            std::vector<look> torn{log.begin(), log.begin() + static_cast<std::ptrdiff_t>(i)};
            torn.push_back({log[i].node, other});
            const auto end = alone(rows, script_.after(log[i].node, other), &torn);
            const call& c = script_.asks(end);
            if (c.what == call::kind::done) continue;
            if (c.what != call::kind::commit) return true;
            for (const auto& at : torn) {
                const call& r = script_.asks(at.node);
                if (r.reads() && r.what != call::kind::snapshot && !guards(c, r) &&
                    matters(rows, at, end))
                    return true;
            }
        }
    return false;
}

// Rows have taken more values since it was believed that a read makes no difference.
bool steps::believes_still() {
    const auto before = distrusted_.size();
    for (const auto& [nodes, b] : believed_)
        if (matters(b.rows, b.read, nodes.second)) distrusted_.insert({b.operation, b.key});
    for (const auto& [end, b] : idle_)
        if (could_commit(b.rows, b.log)) distrusted_.insert({b.operation, ""});
    return distrusted_.size() == before;
}

// After a conflict: where the turn ends, or begins again with the call that it began with, whatever
// it reads until then. Nothing if it commits before that.
std::optional<steps::retreat> steps::after_conflict(std::uint32_t rows, std::uint32_t node,
                                                    std::uint32_t first_call) {
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const call& c = script_.asks(node);
        if (c.what == call::kind::done) return retreat{node, false};
        if (script_.call_number(node) == first_call) return retreat{node, true};
        if (c.what == call::kind::fresh)
            node = script_.after(node, block_begin(script_.block(node)));
        else if (c.ends() || c.what == call::kind::commit || c.what == call::kind::choose ||
                 c.what == call::kind::now)
            return std::nullopt;
        else
            node = script_.after(node, read(rows, 0, c));
    }
    return std::nullopt;
}

// Runs the operation alone. Answers whether it is one step: all that it has read before its commit
// is guarded there, and after a conflict it ends. What it did is in `scratch_` then.
bool steps::solo(std::uint32_t w, std::uint32_t node) {
    const auto rows = worlds_.rows(w);
    std::vector<look> log;  // since the beginning, the commit's own node last
    int looks = 0;
    std::uint32_t first_call = index::none;
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const call& c = script_.asks(node);
        switch (c.what) {
            case call::kind::fresh: {
                uses_blocks_ = true;
                const auto begin = block_begin(script_.block(node));
                log.push_back({node, begin});
                node = script_.after(node, begin);
                continue;
            }
            case call::kind::get:
            case call::kind::scan:
            case call::kind::snapshot:
                ++looks;
                if (first_call == index::none) first_call = script_.call_number(node);
                break;
            case call::kind::snapshot_get:
            case call::kind::snapshot_scan: break;
            case call::kind::done: {
                // It has read at one moment and changed nothing.
                if (looks > 1 && !idle_.contains(node)) {
                    if (distrusted_.contains({c.operation, ""}) || could_commit(rows, log))
                        return false;
                    idle_.emplace(node, idleness{c.operation, rows, log});
                }
                outcome o;
                o.at = node;
                arrive(w, node, o);
                return true;
            }
            case call::kind::commit: {
                log.push_back({node, 0});
                if (const auto key = uncovered(rows, log)) {
                    unvalidated_.insert({c.operation, *key});
                    return false;
                }
                std::optional<retreat> told;  // where it goes if its commit fails here
                for (std::size_t g = 0; g < c.guards.size(); ++g) {
                    if (forgets(c.operation, c.guards[g].name)) continue;
                    const auto said = answer::conflict + static_cast<std::uint32_t>(g);
                    const auto back = after_conflict(rows, script_.after(node, said), first_call);
                    if (!back) return false;
                    if (!told && !rows_.holds(rows, c.guards[g])) told = back;
                }
                const auto conflict = scratch_.size();
                commit(w, node, c);
                if (!told) return true;
                if (told->again) {
                    scratch_.erase(scratch_.begin() + static_cast<std::ptrdiff_t>(conflict));
                    node = told->node;
                    log.clear();
                    continue;
                }
                // It is told of the conflict and ends, whatever it reads then: no step of its own.
                scratch_[conflict].ends_turn = true;
                scratch_[conflict].node =
                    script_.at_rest(script_.body_of(node), script_.asks(told->node).key);
                return true;
            }
            default: return false;
        }
        const auto said = read(rows, 0, c);
        log.push_back({node, said});
        node = script_.after(node, said);
    }
    return false;
}

}  // namespace casement::check::detail
