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
std::span<const outcome> steps::known(memo& in, std::uint32_t a, std::uint32_t b, Make make) {
    auto n = in.done.find(a, b);
    if (n == index::none) {
        scratch_.clear();
        make();
        n = in.done.add(a, b);
        in.made.append(scratch_);
        in.ends.push_back(in.made.size());
    }
    return in.made.between(n == 0 ? 0 : in.ends[n - 1], in.ends[n]);
}

std::span<const outcome> steps::single(std::uint32_t world, std::uint32_t node) {
    return known(single_, world, node, [&] { from(world, node); });
}

std::span<const outcome> steps::whole(std::uint32_t world, std::uint32_t node) {
    return known(whole_, world, node, [&] { whole_from(world, node); });
}

std::span<const outcome> steps::of_world(std::uint32_t world) {
    return known(outside_, world, 0, [&] {
        const auto now = worlds_[world];
        if (story_.may_strike().ticks > 0) {
            auto later = now;
            ++later.ticks;
            outcome o;
            o.world = worlds_.number(later);
            o.struck = fault::tick;
            scratch_.push_back(o);
        }
        if (story_.may_strike().power_losses > 0) lose_power(now);
        for (std::size_t i = 0; i < now.zombies.size(); ++i) {
            const call& c = script_.call_at(now.zombies[i]);
            if (broken_guard(now.rows, c)) continue;
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

std::optional<std::size_t> steps::broken_guard(std::uint32_t rows, const call& commit) const {
    return rows_.broken_guard(rows, commit,
                              [&](const auto& g) { return forgets(commit.operation, g.name); });
}

namespace {
constexpr std::uint32_t spare_block = first_own_block - 1;  // given while there are no others
}

std::uint32_t steps::own_numbers(std::uint32_t node) const {
    return blocks_begin +
           script_.block(node) * static_cast<std::uint32_t>(id_blocks<stage>::block_ids);
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
    edges_.emplace(before, after);
    keep_promise(before, after);
    for (const auto& p : story_.properties()) {
        if (p.what != property::kind::every_change) continue;
        if (auto wrong = p.of_change({rows{rows_, before}, rows{rows_, after}, operation});
            !wrong.empty())
            return complain(p.name, std::move(wrong));
    }
    return no_complaint;
}

// Whether the commit happens although a row is not as the call was told to expect it.
std::uint32_t steps::unkept(std::uint32_t before, const call& commit) {
    for (const auto& [key, expected] : commit.carried)
        if (!rows_.holds(before, {key, expected, {}}))
            return complain(std::string{contract}, commit.operation + " changes the store though " +
                                                       printable(key) +
                                                       " is not as its caller saw it");
    return no_complaint;
}

// A row that `covers` names must have changed with every row of its range.
void steps::keep_promise(std::uint32_t before, std::uint32_t after) {
    if (!story_.covers()) return;
    for (const auto changed : rows_.changed(before, after)) {
        const std::string key{text_[changed]};
        const auto cover = story_.covers()(key, key + '\0');
        if (cover && rows_.get(before, *cover) == rows_.get(after, *cover) && lost_.empty())
            lost_ = "the promise of `covers` is broken: " + printable(key) + " changed and " +
                    printable(*cover) + " did not";
    }
}

std::uint32_t steps::read(std::uint32_t rows, const call& c) {
    using kind = call::kind;
    switch (c.what) {
        case kind::get:
        case kind::snapshot_get: return rows_.get(rows, c.key);
        case kind::scan:
        case kind::snapshot_scan: return text_.number(to_text(rows_.scan(rows, c.key, c.last)));
        case kind::snapshot: return answer::taken;
        default: require(false, "a read"); return 0;
    }
}

// On to where the actor waits for its next step, or to the end of its turn.
void steps::arrive(std::uint32_t w, std::uint32_t node, outcome o) {
    const auto rows = worlds_.rows(w);
    for (;;) {
        const call& c = script_.asks(node);
        if (c.is_of_snapshot()) {
            node = script_.after(node, read(rows, c));
        } else if (c.what == call::kind::fresh) {
            uses_blocks_ = true;
            node = script_.after(node, own_numbers(node));
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
                ++ways_[c.ways[i]].tried;
                from(w, script_.after(node, static_cast<std::uint32_t>(i)));
            }
            return;
        case call::kind::fresh:
            uses_blocks_ = true;
            return from(w, script_.after(node, own_numbers(node)));
        case call::kind::commit: return commit(w, node, c);
        case call::kind::file: return on_disk(w, node, c);
        case call::kind::done:
        case call::kind::broken:
        case call::kind::lost: return arrive(w, node, o);
        default: break;
    }
    if (!script_.rests(node) && story_.may_strike().crashes > 0) crash(w, node);
    const auto now = worlds_[w];
    if (c.what != call::kind::now) return arrive(w, script_.after(node, read(now.rows, c)), o);
    for (const auto time : clocks(now.ticks)) arrive(w, script_.after(node, time), o);
}

std::vector<std::uint32_t> steps::clocks(std::uint32_t ticks) {
    const auto skew = static_cast<std::uint32_t>(story_.skew());
    std::vector<std::uint32_t> all;
    for (auto t = ticks - std::min(ticks, skew); t <= ticks + skew; ++t) {
        std::string time;
        append_big64(time, t * static_cast<std::uint64_t>(story_.tick().count()));
        all.push_back(text_.number(time));
    }
    return all;
}

void steps::on_disk(std::uint32_t w, std::uint32_t node, const call& c) {
    if (story_.disk().empty() && lost_.empty()) lost_ = "an actor uses a disk, and there is none";
    if (!lost_.empty()) return;
    if (!script_.rests(node) && story_.may_strike().crashes > 0) crash(w, node);
    auto later = worlds_[w];
    auto disk = simulated_disk::decoded(text_[later.disk]);
    const auto asked = decode<file_call>(c.key);
    require(asked.has_value(), "a file call");
    const auto said = text_.number(encode(disk.perform(*asked)));
    later.disk = text_.number(disk.encoded());
    outcome o;
    o.at = node;
    arrive(worlds_.number(later), script_.after(node, said), o);
}

// What was sent and not answered is gone, too: a commit happens before that or not at all.
void steps::lose_power(const world& now) {
    std::vector<std::uint32_t> disks{now.disk};
    if (!story_.disk().empty()) {
        disks.clear();
        for (const auto& d : simulated_disk::decoded(text_[now.disk]).after_power_loss())
            disks.push_back(text_.number(d.encoded()));
    }
    for (const auto disk : disks) {
        outcome o;
        o.world = worlds_.number({now.rows, now.ticks, disk, {}});
        o.struck = fault::power_loss;
        scratch_.push_back(o);
    }
}

// The way that was chosen last.
way_count& steps::way_of(std::uint32_t node) {
    for (; !script_.rests(node); node = script_.parent(node))
        if (const call& c = script_.asks(script_.parent(node)); c.what == call::kind::choose)
            return ways_[c.ways[script_.answer_at(node)]];
    return no_way_;
}

void steps::commit(std::uint32_t w, std::uint32_t node, const call& c) {
    const auto now = worlds_[w];
    const auto& may = story_.may_strike();
    for (const auto& g : c.guards) {
        auto& count = guards_[{c.operation, g.name}];
        const bool holds = rows_.holds(now.rows, g);
        if ((holds ? count.held : count.failed)++ == 0 && scope_.keep_witnesses)
            newly_found_.push_back({c.operation, g.name, holds});
    }
    const auto broken = broken_guard(now.rows, c);
    std::uint32_t said = answer::committed, after = w;
    if (c.guards.size() + c.writes.size() > commit_rows_max) {
        said = answer::too_big;
    } else if (broken) {
        said = answer::conflict + static_cast<std::uint32_t>(*broken);
    } else if (const auto rows = rows_.after(now.rows, c)) {
        auto later = now;
        later.rows = *rows;
        after = worlds_.number(later);
        if (after != w) ++way_of(node).changes;
    } else {
        said = answer::corrupt;
    }
    outcome o;
    o.at = node;
    o.complaint = judged(now.rows, worlds_.rows(after), c.operation);
    if (after != w && o.complaint == no_complaint) o.complaint = unkept(now.rows, c);
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
            ++ways_[c.ways[i]].tried;
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

// The node after a call that changes nothing and that the rows alone answer; else nothing.
std::optional<std::uint32_t> steps::foreseen(std::uint32_t rows, std::uint32_t node) {
    const call& c = script_.asks(node);
    if (c.what == call::kind::fresh) return script_.after(node, own_numbers(node));
    if (c.reads()) return script_.after(node, read(rows, c));
    return std::nullopt;
}

// Runs on alone, to where the turn commits, ends, or asks what cannot be foreseen.
std::uint32_t steps::alone(std::uint32_t rows, std::uint32_t node) {
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const auto next = foreseen(rows, node);
        if (!next) break;
        node = *next;
    }
    return node;
}

// The first read that the commit should guard and does not, if it may not go unguarded; and whether
// all reads are guarded. The commit's own node is the last of `log`.
std::optional<std::string> steps::uncovered(const nodes& log, bool& all) {
    const call& commit = script_.asks(log.back());
    for (const auto at : log) {
        const call& r = script_.asks(at);
        if (!r.reads() || r.what == call::kind::snapshot || guards(commit, r)) continue;
        all = false;
        if (distrusted_.contains({commit.operation, r.key})) return r.key;
    }
    return std::nullopt;
}

// Keeps what an operation did alone, where it is believed to be one step although it has not
// guarded all that it read at one moment.
void steps::believe(std::uint32_t start, std::uint32_t rows, const nodes& log) {
    std::vector<std::uint32_t> keys;
    for (const auto at : log)
        if (const call& r = script_.asks(at); r.reads() && !r.ranges() && !r.key.empty())
            keys.push_back(text_.number(r.key));
    believed_[start].emplace(rows, keys_.number(keys));
}

// An operation is one step if, wherever its commit's guards hold, it would make that very commit
// alone. Commits that guard all their reads are so. Of others it is believed, and tried here on
// every change that was met, and on every few in a row: with them in between any two of its calls,
// does the operation still commit only what it would commit after them, alone?
bool steps::believes_still() {
    const auto before = distrusted_.size();
    constexpr int in_a_row_max = 5;
    auto leaps = edges_;
    for (int in_a_row = 2; in_a_row <= in_a_row_max; ++in_a_row) {
        auto longer = leaps;
        for (const auto& [from, over] : leaps)
            for (auto next = edges_.lower_bound({over, 0});
                 next != edges_.end() && next->first == over; ++next)
                if (next->second != from) longer.emplace(from, next->second);
        if (longer.size() == leaps.size()) break;
        leaps = std::move(longer);
    }
    for (const auto& [from, to] : leaps) {
        const auto changed = rows_.changed(from, to);
        for (const auto& [start, known] : believed_) {
            const auto at = known.find(from);
            if (at == known.end()) continue;
            for (const auto key : keys_[at->second])
                if (std::ranges::find(changed, key) != changed.end()) {
                    // Its ids are not those that the change has used.
                    try_between(script_.with_block(start, spare_block), from, to, text_[key]);
                    break;
                }
        }
    }
    return distrusted_.size() == before;
}

// Whether a turn that has come to `end` does there what it would have done alone: the commit, if it
// succeeds, that it makes on the rows as they are now; or the answer that it gives on them or gave
// before.
bool steps::would_do(std::uint32_t from, std::uint32_t to, std::uint32_t start, std::uint32_t end) {
    const auto same = [&](std::uint32_t other) {
        return script_.call_number(end) == script_.call_number(other);
    };
    const call& made = script_.asks(end);
    if (made.what == call::kind::commit) return broken_guard(to, made) || same(alone(to, start));
    return same(alone(to, start)) || same(alone(from, start));
}

void steps::try_between(std::uint32_t start, std::uint32_t from, std::uint32_t to,
                        std::string_view key) {
    for (std::optional node = start; node; node = foreseen(from, *node)) {
        const call& c = script_.asks(*node);
        if (*node != start && c.is_step() && !would_do(from, to, start, alone(to, *node)))
            distrusted_.emplace(c.operation, key);
    }
}

// After a conflict: where the turn ends, or begins again with the call that it began with, whatever
// it reads until then. Nothing if it commits before that.
std::optional<steps::retreat> steps::after_conflict(std::uint32_t rows, std::uint32_t node,
                                                    std::uint32_t first_call) {
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const call& c = script_.asks(node);
        if (c.what == call::kind::done) return retreat{node, false};
        if (script_.call_number(node) == first_call) return retreat{node, true};
        const auto next = foreseen(rows, node);
        if (!next) return std::nullopt;
        node = *next;
    }
    return std::nullopt;
}

// Runs the operation alone. Answers whether it is one step: all that it has read before its commit
// is guarded there, and after a conflict it ends. What it did is in `scratch_` then.
bool steps::solo(std::uint32_t w, std::uint32_t node) {
    const auto rows = worlds_.rows(w);
    const auto start = node;
    nodes log;  // since the beginning, the commit's own node last
    int looks = 0;
    std::uint32_t first_call = index::none;
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const call& c = script_.asks(node);
        log.push_back(node);
        switch (c.what) {
            case call::kind::fresh: uses_blocks_ = true; break;
            case call::kind::get:
            case call::kind::scan:
            case call::kind::snapshot:
                ++looks;
                if (first_call == index::none) first_call = script_.call_number(node);
                break;
            case call::kind::snapshot_get:
            case call::kind::snapshot_scan: break;
            case call::kind::done: {
                // What it answers is judged, and no guard holds together what it read at several
                // moments: any number of changes may have come between.
                if (looks > 1 && !c.key.empty()) return false;
                if (looks > 1) {
                    for (const auto at : log)
                        if (distrusted_.contains({c.operation, script_.asks(at).key})) return false;
                    believe(start, rows, log);
                }
                outcome o;
                o.at = node;
                arrive(w, node, o);
                return true;
            }
            case call::kind::commit: {
                bool all = true;
                if (const auto key = uncovered(log, all)) {
                    unvalidated_.insert({c.operation, *key});
                    return false;
                }
                if (looks > 1 || !all) believe(start, rows, log);
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
        node = *foreseen(rows, node);
    }
    return false;
}

}  // namespace casement::check::detail
