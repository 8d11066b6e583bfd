#include "outline.hpp"

#include <algorithm>

#include <casement/core/codec.hpp>

namespace casement::check::detail {

namespace {

std::string words_of(const call& c) {
    using kind = call::kind;
    const auto what = [&]() -> std::string {
        switch (c.what) {
            case kind::get:
            case kind::snapshot_get: return "get " + printable(c.key);
            case kind::scan:
            case kind::snapshot_scan: return "scan " + printable(c.key);
            case kind::snapshot: return "snapshot";
            case kind::commit: return "commit";
            case kind::now: return "now";
            case kind::choose: return "choose";
            default: return "end";
        }
    }();
    return c.operation.empty() ? what : printable(c.operation) + ": " + what;
}

// What is known after one of two options, whichever it was.
void blur(option& o, const option& other) {
    o.since = std::min(o.since, other.since);
    o.commits = std::max(o.commits, other.commits);
    std::erase_if(o.seen, [&](auto& s) {
        const auto too = std::ranges::find(other.seen, s.row, &option::sight::row);
        if (too == other.seen.end() || too->value != s.value || too->equal != s.equal) return true;
        s.since = std::min(s.since, too->since);
        return false;
    });
}

}  // namespace

outline::outline(const story& of, const model_limits& within)
    : story_{of}, limits_{within}, contents_{text_}, script_{of, text_}, steps_{of,      scope_,
                                                                                text_,   contents_,
                                                                                script_, worlds_,
                                                                                {}} {}

result<void> outline::draw() {
    const auto roles = story_.roles();
    rows_.emplace(story_.beginning(), text_);
    for (;;) {
        const auto numbered = numbered_;
        flows_.clear();
        logs_ = 0;
        int commits = 0;
        for (std::size_t i = 0; i < roles.size(); ++i) {
            const auto body = static_cast<std::uint32_t>(roles[i].body);
            const bool own = numbered.contains(body);
            if (!own && i > 0 && roles[i - 1].body == body) {
                commits += flows_.back().commits * roles[i].turns;
                continue;
            }
            for (int turn = own ? roles[i].turns : 1; turn > 0; --turn) {
                flows_.push_back({body, own ? std::optional{i} : std::nullopt, turn, {}, 0});
                walk(flows_.back(), own ? own_block(i, static_cast<std::uint32_t>(turn)) : 0);
                if (too_big_)
                    return fail(errc::too_big, "write a model", story_.name(),
                                "'" + roles[i].name + "' has too many logs: more than " +
                                    std::to_string(limits_.logs_max) +
                                    ", or a row has too many values");
                commits += flows_.back().commits * (own ? 1 : roles[i].turns);
            }
        }
        if (!script_.nondeterministic().empty())
            return fail(errc::illegal, "write a model", story_.name(), script_.nondeterministic());
        if (numbered_ != numbered) {  // what was written had numbers that nobody is given
            rows_.emplace(story_.beginning(), text_);
            commits = 0;
        } else if (!rows_->grew() && commits == commits_max_) {
            return {};
        }
        commits_max_ = commits;
    }
}

void outline::walk(flow& f, std::uint32_t block) {
    std::vector<option> open(1);
    open.front().node = script_.beginning(f.body, block);
    while (!open.empty() && !too_big_) {
        option o = std::move(open.back());
        open.pop_back();
        too_big_ = ++logs_ > limits_.logs_max;
        f.places.push_back({o.node, words_of(script_.asks(o.node)), {}});
        here_ = &f.places.back();
        f.commits = std::max(f.commits, o.commits);
        option next;
        next.since = o.since;
        next.commits = o.commits;
        next.seen = std::move(o.seen);
        from(o.node, std::move(next));
        const auto known = open.size();
        for (const auto& way : here_->options) {
            f.commits = std::max(f.commits, way.commits);
            if (way.ends) continue;
            const auto twin =
                std::find_if(open.begin() + static_cast<std::ptrdiff_t>(known), open.end(),
                             [&](const option& other) { return other.node == way.node; });
            if (twin == open.end())
                open.push_back(way);
            else
                blur(*twin, way);
        }
    }
}

// Mirrors `steps::from`, which knows the rows.
void outline::from(std::uint32_t node, option o) {
    const call c = script_.asks(node);
    o.at = node;
    o.words = words_of(c);
    switch (c.what) {
        case call::kind::choose:
            for (std::uint32_t i = 0; i < c.ways.size(); ++i) from(script_.after(node, i), o);
            return;
        case call::kind::fresh:
            numbered_.insert(script_.body_of(node));
            return from(script_.after(node, steps_.own_numbers(node)), o);
        case call::kind::commit: return commit(node, c, o);
        case call::kind::done:
        case call::kind::broken:
        case call::kind::lost: return arrive(node, o);
        default: break;
    }
    if (!script_.rests(node) && story_.may_strike().crashes > 0) crash(o);
    answers(c, o, [&](std::uint32_t said, const option& after) {
        arrive(script_.after(node, said), after);
    });
}

void outline::arrive(std::uint32_t node, option o) {
    const call c = script_.asks(node);
    if (c.is_of_snapshot())
        return answers(c, o, [&](std::uint32_t said, const option& after) {
            arrive(script_.after(node, said), after);
        });
    if (c.what == call::kind::fresh) {
        numbered_.insert(script_.body_of(node));
        return arrive(script_.after(node, steps_.own_numbers(node)), std::move(o));
    }
    o.node = node;
    if (c.ends()) {
        o.ends = true;
        o.answer = text_.number(c.what == call::kind::done ? c.key : "");
        if (c.what != call::kind::done) o.broken = c.key;
    }
    here_->options.push_back(std::move(o));
}

void outline::crash(option o) {
    o.struck = fault::crash;
    o.ends = true;
    o.answer = text_.number("crashed");
    o.words += ", crash";
    here_->options.push_back(std::move(o));
}

template <class Then>
void outline::answers(const call& c, const option& o, Then then) {
    switch (c.what) {
        case call::kind::snapshot: return then(answer::taken, o);
        case call::kind::now:
            for (std::uint32_t t = 0; t <= static_cast<std::uint32_t>(story_.may_strike().ticks);
                 ++t) {
                option at = o;
                at.all.push_back({test::ticks, t});
                for (const auto time : steps_.clocks(t)) then(time, at);
            }
            return;
        case call::kind::scan:
        case call::kind::snapshot_scan: return scanned(rows_->range(c.key, c.last), 0, {}, o, then);
        default: break;
    }
    const auto row = rows_->number(c.key);
    for (std::uint32_t v = 0; v < (*rows_)[row].values.size(); ++v) {
        option with = o;
        if (learns(with, row, v, true)) then((*rows_)[row].values[v].text, with);
    }
}

template <class Then>
void outline::scanned(const std::vector<std::uint32_t>& range, std::size_t at,
                      std::vector<std::pair<std::string, std::string>> rows, const option& o,
                      const Then& then) {
    if (at == range.size()) return then(text_.number(to_text(rows)), o);
    for (std::uint32_t v = 0; v < (*rows_)[range[at]].values.size(); ++v) {
        option with = o;
        if (!learns(with, range[at], v, true)) continue;
        auto so_far = rows;
        if (v != domains::absent)
            so_far.emplace_back((*rows_)[range[at]].key, text_[(*rows_)[range[at]].values[v].text]);
        scanned(range, at + 1, std::move(so_far), with, then);
    }
}

// Mirrors `steps::commit`.
void outline::commit(std::uint32_t node, const call& c, const option& o) {
    if (c.guards.size() + c.writes.size() > commit_rows_max) {
        arrive(script_.after(node, answer::too_big), o);
        return strike(node, o, std::nullopt, o);
    }
    option held = o, refused = o;  // `refused`: at least one of its `any` is why
    bool can_hold = true;
    for (std::uint32_t i = 0; can_hold && i < c.guards.size(); ++i) {
        const auto& g = c.guards[i];
        const auto row = rows_->number(g.key);
        const auto expected =
            g.expected ? rows_->find(row, text_.number(*g.expected)) : domains::absent;
        if (option broken = held; learns(broken, row, expected, false)) {
            broken.words += ", conflict: " + printable(g.name);
            arrive(script_.after(node, answer::conflict + i), broken);
        }
        can_hold = learns(held, row, expected, true, g.name);
        if (can_hold) refused.any.push_back({row, *expected, false});
    }
    if (can_hold) {
        for (const auto& w : c.writes) {
            if (w.what != write::kind::bump) continue;
            const auto row = rows_->number(w.key);
            for (std::uint32_t v = 1; v < (*rows_)[row].values.size(); ++v) {
                const std::string old{text_[(*rows_)[row].values[v].text]};
                if (!possible(held, row, v) || bumped(old, w.amount, w.key)) continue;
                option corrupt = held;
                if (learns(corrupt, row, v, true))
                    arrive(script_.after(node, answer::corrupt), corrupt);
                refused.any.push_back({row, v});
                can_hold = learns(held, row, v, false);
            }
        }
    }
    if (!can_hold) {
        refused.any.clear();
        return strike(node, o, std::nullopt, refused);
    }
    write(c, held);
    arrive(script_.after(node, answer::committed), held);
    strike(node, o, held, refused);
}

// The writes of a commit whose guards hold.
void outline::write(const call& c, option& o) {
    const auto since = o.since + 1;
    for (const auto& w : c.writes) {
        const auto row = rows_->number(w.key);
        too_big_ = too_big_ || (*rows_)[row].values.size() > limits_.values_max;
        std::erase_if(o.seen, [&](const auto& s) { return s.row == row; });
        if (w.what == write::kind::bump) {
            for (std::uint32_t v = 0; v < (*rows_)[row].values.size(); ++v) {
                if (!possible(o, row, v)) continue;
                const auto old = (*rows_)[row].values[v];
                const auto sum =
                    bumped(v == domains::absent ? std::nullopt
                                                : std::optional{std::string{text_[old.text]}},
                           w.amount, w.key);
                rows_->add(row, text_.number(*sum), std::max(since, old.since + 1));
            }
            o.effects.push_back({row, 0, w.amount});
            o.seen.push_back({row, domains::absent, false, since});
            continue;
        }
        const auto text = w.what == write::kind::put ? text_.number(w.value) : answer::absent;
        const auto value = rows_->add(row, text, since);
        o.effects.push_back({row, value, std::nullopt});
        o.seen.push_back({row, value, true, since});
    }
    o.since = since;
    ++o.commits;

    for (const auto& e : o.effects) {
        const auto guard =
            std::ranges::find_if(o.all, [&](const test& t) { return t.row == e.row && t.equal; });
        if (e.bumped && *e.bumped == 0)
            o.changes.push_back({e.row, domains::absent});  // it makes the row, if there was none
        else if (!e.bumped && guard == o.all.end())
            o.changes.push_back({e.row, e.value, false});
        else
            o.surely = o.surely || e.bumped || guard->value != e.value;
    }
    if (o.surely) o.changes.clear();
    for (const auto& [key, expected] : c.carried) {
        const auto row = rows_->number(key);
        const auto value = expected ? rows_->find(row, text_.number(*expected)) : domains::absent;
        const auto no_value = static_cast<std::uint32_t>((*rows_)[row].values.size());
        o.carried.push_back({row, value.value_or(no_value)});
    }
}

// What may strike a commit: `before` it, after it is `done` if its guards held, or `refused`.
void outline::strike(std::uint32_t node, const option& before, const std::optional<option>& done,
                     const option& refused) {
    const auto& may = story_.may_strike();
    const bool ever = done && (done->surely || !done->changes.empty());

    if (may.crashes > 0) {
        if (!script_.rests(node)) crash(before);
        if (ever) {
            option after = *done;
            after.any = done->changes;
            after.words += ", done";
            crash(after);
        }
    }
    const auto unanswered = [&](option o, fault struck, std::uint32_t said, const char* words) {
        o.struck = struck;
        o.words += words;
        arrive(script_.after(node, said), o);
    };
    if (may.lost_replies > 0) {
        if (done) unanswered(*done, fault::lost_reply, answer::unknown, ", done, reply lost");
        option not_done = refused;
        if (done)
            not_done.any.insert(not_done.any.end(), done->changes.begin(), done->changes.end());
        if (done && done->surely) not_done.any.clear();
        if (!done || ever || !not_done.any.empty())
            unanswered(not_done, fault::lost_reply, answer::unknown, ", not done, reply lost");
    }
    if (may.spurious > 0) unanswered(before, fault::spurious, answer::spurious, ", spurious");
}

bool outline::possible(const option& o, std::uint32_t row, std::uint32_t value) const {
    return reached((*rows_)[row].values[value]) && std::ranges::all_of(o.all, [&](const test& t) {
               return t.row != row || (t.value == value) == t.equal;
           });
}

// Whether the row can have that value in this step (or another, if not `equal`); then the option
// says so. No value at all is one that the row never has.
bool outline::learns(option& o, std::uint32_t row, std::optional<std::uint32_t> value, bool equal,
                     std::string guard) const {
    if (!value) return !equal;
    const auto& values = (*rows_)[row].values;
    bool can = false;
    for (std::uint32_t v = 0; !can && v < values.size(); ++v)
        can = (v == *value) == equal && possible(o, row, v);
    if (!can || !observe(o, row, *value, equal)) return false;
    const bool said = std::ranges::any_of(
        o.all, [&](const test& t) { return t.row == row && t.equal && t.guard.empty(); });
    if (said && guard.empty()) return true;
    o.all.push_back({row, *value, equal, std::move(guard)});
    return true;
}

// Bounds from below how many commits have happened: those that it takes until the row can be so,
// and one more if the row was otherwise when it was last seen. False if the story has not as many.
bool outline::observe(option& o, std::uint32_t row, std::uint32_t value, bool equal) const {
    const auto& values = (*rows_)[row].values;
    int since = domains::never;
    for (std::uint32_t v = 0; v < values.size(); ++v)
        if ((v == value) == equal) since = std::min(since, values[v].since);
    o.since = std::max(o.since, since);
    const auto last = std::ranges::find(o.seen, row, &option::sight::row);
    if (last == o.seen.end()) {
        o.seen.push_back({row, value, equal, o.since});
        return o.since <= commits_max_;
    }
    const bool other =
        last->equal && equal ? last->value != value : last->equal != equal && last->value == value;
    if (other && equal && !values[value].written) return false;
    if (other) o.since = std::max(o.since, last->since + 1);
    if (equal || other) *last = {row, value, equal, o.since};
    return o.since <= commits_max_;
}

}  // namespace casement::check::detail
